"""An agency's own sign-in: its provider speaks for that agency and for no other, whatever it says."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import jwt
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client as Browser
from django.urls import get_resolver, reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actions.identity import disable_provider, enable_provider, set_provider
from agency.actions.members import add_member, change_role, remove_member
from agency.actions.sessions import end_sessions
from agency.actor import Actor
from agency.models import Agency, AuditEntry, Identity, IdentityProvider, Membership, User
from agency.oidc import check_issuer
from agency.queries.identity import sign_in_code
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from agency.web.agency_sign_in import few_at_once
from tests.fixtures import Clock
from tests.identity import SECRET, Rogue, asked_of, good_provider, sign_in, signed
from tests.pages import submit, words
from tests.web_server import Answer, WebServer

Page = Callable[[Actor], Browser]
BEN = {"sub": "okta|ben", "email": "Ben@Northlight.example", "email_verified": True, "name": "Ben"}


@pytest.fixture(scope="module")
def good() -> Iterator[str]:
    people = [
        BEN,
        {"sub": "okta|eve", "email": "eve@northlight.example", "email_verified": True},
        {"sub": "okta|mara", "email": "mara@northlight.example", "email_verified": False},
    ]
    with good_provider(*people) as issuer:
        yield issuer


def provide(owner: Actor, issuer: str, *, only_way: bool = False) -> IdentityProvider:
    agency = Agency.objects.get(pk=owner.agency_id)
    with tenant(owner.agency_id):
        return set_provider(
            agency,
            name="Northlight accounts",
            issuer=issuer,
            client_id="earshot",
            client_secret=SECRET,
            only_way=only_way,
            by=owner,
            now=agency.created_at,
        )


@pytest.fixture
def rogue(web_server: WebServer) -> Rogue:
    return Rogue(web_server)


@pytest.fixture
def provider(ana: Actor, rogue: Rogue) -> IdentityProvider:
    return provide(ana, rogue.issuer)


def come_in(browser: Browser) -> bool:
    return browser.get("/").status_code == 200


def log_of(actor: Actor, action: str) -> list[AuditEntry]:
    with tenant(actor.agency_id):
        return list(AuditEntry.objects.filter(action=action))


# The whole way, at a provider that somebody else wrote -------------------------------------------------


def test_a_member_comes_in_with_the_agencys_account(ben: Actor, ana: Actor, good: str) -> None:
    provider, browser = provide(ana, good), Browser()
    shown = browser.get(f"/accounts/agency/{provider.code}/")
    assert "Sign in with Northlight accounts" in words(shown)
    back = sign_in(browser, provider.code, "okta|ben", after="/clients/")
    assert (back.status_code, back["Location"]) == (302, "/clients/")
    assert "Signs in as ben@northlight.example" in words(browser.get("/settings/"))
    assert browser.session["agency_only"] == str(ana.agency_id)
    assert [entry.details for entry in log_of(ana, "account.signed_in")] == [{"by": "Northlight accounts"}]


def test_the_page_that_one_wanted_is_kept_whole_on_the_way_out(
    provider: IdentityProvider, rogue: Rogue
) -> None:
    shown = Browser().get(f"/accounts/agency/{provider.code}/", {"next": "/?q=late+again&client=1"})
    assert "next=%2F%3Fq%3Dlate%2Bagain%26client%3D1" in shown.content.decode()


def test_who_is_no_member_stays_outside_and_gets_no_account(ben: Actor, ana: Actor, good: str) -> None:
    provider, browser = provide(ana, good), Browser()
    back = sign_in(browser, provider.code, "okta|eve")
    assert (back.status_code, come_in(browser)) == (403, False)
    assert "nobody at this agency has that mail address" in words(back)
    assert not User.objects.filter(email="eve@northlight.example").exists()
    assert [entry.actor_name for entry in log_of(ana, "identity.refused")] == ["Somebody"]


def test_an_address_that_the_provider_did_not_verify_ties_nobody(mara: Actor, ana: Actor, good: str) -> None:
    browser = Browser()
    back = sign_in(browser, provide(ana, good).code, "okta|mara")
    assert "doesn't say that your mail address is verified" in words(back)
    assert not come_in(browser)


# What goes out ----------------------------------------------------------------------------------------


def test_the_way_out_is_bound_to_this_browser_and_the_code_to_this_attempt(
    ben: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    browser = Browser()
    assert rogue.sign_in(browser, provider.code).status_code == 302
    assert rogue.asked["code_challenge_method"] == "S256"
    assert rogue.asked["redirect_uri"].endswith(f"/accounts/agency/{provider.code}/back/")
    told = asked_of(f"?{rogue.told[0].body.decode()}")
    assert len(told["code_verifier"]) >= 43
    assert "client_secret" not in told  # it is in the header, as the provider wants it
    assert rogue.told[0].headers["authorization"].startswith("Basic ")
    assert len({rogue.asked[name] for name in ("state", "nonce", "code_challenge")}) == 3


def test_each_way_out_comes_back_once(ben: Actor, provider: IdentityProvider, rogue: Rogue) -> None:
    browser, thief = Browser(), Browser()
    assert rogue.sign_in(browser, provider.code).status_code == 302
    for again in (browser, thief):
        assert rogue.back(again, provider.code).status_code == 403
    assert not come_in(thief)


@pytest.mark.parametrize("changes", [{"state": ""}, {"state": "made-up"}, {"state": "x" * 5000}])
def test_nobody_comes_back_who_did_not_go_out(
    ben: Actor, provider: IdentityProvider, rogue: Rogue, changes: dict[str, str]
) -> None:
    browser = Browser()
    rogue.go(browser, provider.code)
    back = rogue.back(browser, provider.code, **changes)
    assert "wasn't begun in this browser" in words(back)
    assert (back.status_code, come_in(browser), rogue.told) == (403, False, [])


def test_the_way_out_to_one_agency_is_no_way_in_to_another(
    ben: Actor, ana: Actor, cleo: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    other = provide(cleo, rogue.issuer)
    browser = Browser()
    rogue.go(browser, provider.code)
    assert rogue.back(browser, other.code).status_code == 403


def test_a_way_out_is_forgotten_after_a_while(
    ben: Actor, provider: IdentityProvider, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    rogue.go(browser, provider.code)
    session = browser.session
    session["agency_sign_in"] = [{**kept, "at": kept["at"] - 601} for kept in session["agency_sign_in"]]
    session.save()
    assert rogue.back(browser, provider.code).status_code == 403


def test_a_provider_that_says_no_is_understood(ben: Actor, provider: IdentityProvider, rogue: Rogue) -> None:
    browser = Browser()
    rogue.go(browser, provider.code)
    back = rogue.back(browser, provider.code, error="access_denied")
    assert "Northlight accounts didn't sign you in." in words(back)
    assert rogue.told == []


def test_it_leads_on_to_pages_of_ours_only(ben: Actor, provider: IdentityProvider, rogue: Rogue) -> None:
    for evil in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        browser = Browser()
        rogue.asked = asked_of(
            browser.get(f"/accounts/agency/{provider.code}/go/", {"next": evil})["Location"]
        )
        assert rogue.back(browser, provider.code)["Location"] == "/"


def test_no_other_site_sends_anybody_out(ben: Actor, provider: IdentityProvider) -> None:
    address = f"/accounts/agency/{provider.code}/"
    for site in ("cross-site", "same-site"):
        answer = Browser().get(f"{address}go/", headers={"sec-fetch-site": site})
        assert (answer.status_code, answer["Location"]) == (302, address)


def test_a_provider_that_is_slow_keeps_few_waiting(provider: IdentityProvider, rogue: Rogue) -> None:
    with ExitStack() as waiting:
        for _ in range(8):
            waiting.enter_context(few_at_once(provider))
        assert Browser().get(f"/accounts/agency/{provider.code}/go/").status_code == 429
    assert Browser().get(f"/accounts/agency/{provider.code}/go/").status_code == 302


# What a provider may say ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "of another sign-in"}, "made for another sign-in"),
        ({"nonce": None}, "a part of it is missing"),
        ({"nonce": 5}, "made for another sign-in"),
        ({"aud": "another-program"}, "it is for another program"),
        ({"aud": ["earshot", "another-program"]}, "made for another program"),
        ({"azp": "another-program"}, "made for another program"),
        ({"iss": "https://accounts.google.com"}, "it is from another issuer"),
        ({"exp": 1_600_000_000}, "it has expired"),
        ({"exp": None}, "a part of it is missing"),
        ({"iat": 4_000_000_000}, "it isn't valid yet"),
        ({"sub": None}, "a part of it is missing"),
        ({"sub": ""}, "doesn't say who it is about"),
        ({"sub": "x" * 300}, "doesn't say who it is about"),
        ({"email_verified": False}, "doesn't say that your mail address is verified"),
        ({"email_verified": None}, "doesn't say that your mail address is verified"),
        ({"email_verified": 1}, "doesn't say that your mail address is verified"),
        ({"email": ["ben@northlight.example"]}, "doesn't say that your mail address is verified"),
        ({"email": "eve@northlight.example"}, "nobody at this agency has that mail address"),
        # Another domain, which the database takes for the same where case doesn't matter.
        ({"email": "ben@northlıght.example"}, "nobody at this agency has that mail address"),
        ({"email": "be\x00n@northlight.example"}, "doesn't say that your mail address is verified"),
        ({"email": "\ud800@northlight.example"}, "doesn't say that your mail address is verified"),
        ({"sub": "a\x00b"}, "doesn't say who it is about"),
        ({"sub": "\ud800"}, "doesn't say who it is about"),
        ({"nonce": "\ud800"}, "made for another sign-in"),
    ],
)
def test_what_does_not_hold_lets_nobody_in(
    ben: Actor, ana: Actor, provider: IdentityProvider, rogue: Rogue, claims: dict[str, Any], said: str
) -> None:
    browser = Browser()
    for _ in range(2):
        back = rogue.sign_in(browser, provider.code, **claims)
        assert said in words(back)
        assert (back.status_code, come_in(browser)) == (403, False)
    # Once for an address and a while: trying again and again doesn't fill the log.
    assert len(log_of(ana, "identity.refused")) == 1


def _unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, algorithm="none")


def _with_what_is_published(claims: dict[str, Any]) -> str:
    """The old trick: the public key taken as the secret of a symmetric signature."""
    return jwt.encode(
        claims, b"a public key is long enough to be one", algorithm="HS256", headers={"kid": "own"}
    )


def _changed_afterwards(claims: dict[str, Any]) -> str:
    head, _, mark = signed({**claims, "email": "ben@northlight.example"}).split(".")
    return f"{head}.{signed({**claims, 'sub': 'somebody else'}).split('.')[1]}.{mark}"


@pytest.mark.parametrize(
    "make",
    [
        _unsigned,
        _with_what_is_published,
        _changed_afterwards,
        lambda claims: signed(claims, by="a thief's", kid="own"),
        lambda claims: signed(claims, by="a thief's", kid="a thief's"),
        lambda claims: "not.a.token",
        lambda claims: "",
    ],
)
def test_a_signature_that_is_not_the_providers_lets_nobody_in(
    ben: Actor, provider: IdentityProvider, rogue: Rogue, make: Callable[[dict[str, Any]], str]
) -> None:
    browser = Browser()
    rogue.make_token = make
    assert rogue.sign_in(browser, provider.code).status_code == 403
    assert not come_in(browser)


def test_an_answer_about_somebody_else_is_not_taken(
    ben: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    rogue.userinfo = {"sub": "subject-of-eve", "email": "ben@northlight.example", "email_verified": True}
    back = rogue.sign_in(Browser(), provider.code, email=None, email_verified=None)
    assert "answered about somebody else" in words(back)


def test_a_mail_address_may_be_asked_for_separately(
    ben: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    rogue.userinfo = {"sub": "subject-of-ben", "email": "BEN@northlight.example", "email_verified": "true"}
    assert rogue.sign_in(Browser(), provider.code, email=None, email_verified=None).status_code == 302


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://accounts.google.com"},
        {"token_endpoint": "http://192.168.0.1/token"},
        {"token_endpoint": "http://provider.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_discovery_document_that_leads_elsewhere_is_refused(
    provider: IdentityProvider, rogue: Rogue, discovery: dict[str, Any]
) -> None:
    rogue.discovery = discovery
    out = Browser().get(f"/accounts/agency/{provider.code}/go/")
    assert (out.status_code, "discovery document" in words(out)) == (502, True)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Answer(b"[]"),
        Answer(b"{" + b"x" * 600_000),
        Answer(b"<html>"),
        Answer(status=500),
    ],
)
def test_a_provider_that_answers_nonsense_breaks_nothing(
    provider: IdentityProvider, rogue: Rogue, answer: Answer
) -> None:
    rogue.server.answers["/.well-known/openid-configuration"] = answer
    assert Browser().get(f"/accounts/agency/{provider.code}/go/").status_code == 502


@given(st.text(max_size=40))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_encrypted_issuers_are_asked(rest: str) -> None:
    assert check_issuer(f"http://provider.example/{rest}", allow_loopback=True)
    assert check_issuer(f"http://127.0.0.1/{rest}", allow_loopback=False)
    assert check_issuer("ftp://provider.example", allow_loopback=True)


# Who they are afterwards -------------------------------------------------------------------------------


def test_a_member_is_known_by_subject_once_they_came(
    ben: Actor, ana: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    assert rogue.sign_in(Browser(), provider.code).status_code == 302
    renamed = {"email": "benjamin@elsewhere.example", "email_verified": False}
    assert rogue.sign_in(Browser(), provider.code, **renamed).status_code == 302
    with tenant(ana.agency_id):
        assert [identity.subject for identity in Identity.objects.all()] == ["subject-of-ben"]


def test_another_account_with_their_mail_address_is_not_them(
    ben: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    """Somebody who got a former colleague's address at the provider."""
    assert rogue.sign_in(Browser(), provider.code).status_code == 302
    back = rogue.sign_in(Browser(), provider.code, sub="subject-of-another-ben")
    assert "another account of the provider before" in words(back)


def test_an_owner_unties_a_member(
    ben: Actor, ana: Actor, provider: IdentityProvider, rogue: Rogue, page: Page
) -> None:
    rogue.sign_in(Browser(), provider.code)
    owner = page(ana)
    shown = owner.get("/settings/sign-in/")
    assert "Ben" in words(shown)
    link = re.search(r'href="(/settings/sign-in/tied/[^"]+)"', shown.content.decode())
    assert link is not None
    submit(owner, owner.get(link[1]), button="Untie")
    assert rogue.sign_in(Browser(), provider.code, sub="subject-of-another-ben").status_code == 302


def test_a_removed_member_cannot_come_in_and_is_out(
    ben: Actor, ana: Actor, provider: IdentityProvider, rogue: Rogue, clock: Clock
) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    assert come_in(browser)
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)
    assert not come_in(browser)
    assert rogue.sign_in(Browser(), provider.code).status_code == 403


def test_a_disabled_provider_lets_nobody_in_and_ends_its_sessions_for_good(
    ben: Actor, ana: Actor, provider: IdentityProvider, rogue: Rogue, clock: Clock
) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    rogue.go(late := Browser(), provider.code)
    with tenant(ana.agency_id):
        disable_provider(provider, by=ana, now=clock.now)
    assert not come_in(browser)
    assert rogue.back(late, provider.code).status_code == 403
    assert browser.get(f"/accounts/agency/{provider.code}/go/").status_code == 403
    with tenant(ana.agency_id):
        enable_provider(provider, by=ana, now=clock.now)
    assert not come_in(browser)
    assert rogue.sign_in(Browser(), provider.code).status_code == 302


def test_another_issuer_knows_nobody_yet(
    ben: Actor, ana: Actor, provider: IdentityProvider, rogue: Rogue, page: Page
) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    with WebServer() as elsewhere:
        other = Rogue(elsewhere)
        provide(ana, other.issuer)
        assert not come_in(browser)
        back = other.sign_in(Browser(), provider.code, email="eve@northlight.example")
        assert back.status_code == 403


# What such a session opens ------------------------------------------------------------------------------


@pytest.fixture
def both(ana: Actor, cleo: Actor, ben: Actor, clock: Clock) -> Actor:
    """Ben works for Cleo's agency too, where there is something that nobody of Ana's may see."""
    with tenant(cleo.agency_id):
        member = add_member(
            email="ben@northlight.example", name="Ben", role="owner", by=cleo, now=clock.now, invite=False
        )
    return actor_of_member(Membership.objects.select_related("user").get(pk=member.pk))


def test_it_opens_the_one_agency_and_no_other(
    both: Actor, cleo: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    for path in ("/", "/settings/", "/team/", "/api/v1/me/", "/api/v1/members/", "/api/v1/agency/"):
        shown = browser.get(path)
        assert shown.status_code == 200
        assert "Southdown" not in shown.content.decode()
    browser.post("/switch/", {"agency": str(cleo.agency_id)})
    assert browser.get("/api/v1/me/").json()["agency"]["name"] == "Northlight"
    session = browser.session
    session["agency_id"] = str(cleo.agency_id)
    session.save()
    assert browser.get("/api/v1/me/").json()["agency"]["name"] == "Northlight"
    assert "Southdown" not in browser.get("/").content.decode()


def test_the_same_person_opens_both_with_a_password(
    both: Actor, cleo: Actor, provider: IdentityProvider
) -> None:
    browser = Browser()
    browser.force_login(
        User.objects.get(email="ben@northlight.example"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    browser.post("/switch/", {"agency": str(cleo.agency_id)})
    assert browser.get("/api/v1/me/").json()["agency"]["name"] == "Southdown"


def test_it_replaces_a_session_that_opened_more(
    both: Actor, cleo: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    browser = Browser()
    browser.force_login(
        User.objects.get(email="ben@northlight.example"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    before = browser.session.session_key
    rogue.sign_in(browser, provider.code)
    assert not Session.objects.filter(session_key=before).exists()
    browser.post("/switch/", {"agency": str(cleo.agency_id)})
    assert browser.get("/api/v1/me/").json()["agency"]["name"] == "Northlight"


def test_a_rival_who_invites_a_person_gets_nothing_of_theirs(
    ben: Actor, ana: Actor, cleo: Actor, rogue: Rogue, clock: Clock
) -> None:
    """Cleo invites Ben, and her own provider says that she is him: she sees her agency, and nothing of his."""
    with tenant(cleo.agency_id):
        add_member(
            email="ben@northlight.example", name="B", role="analyst", by=cleo, now=clock.now, invite=False
        )
    browser = Browser()
    assert rogue.sign_in(browser, provide(cleo, rogue.issuer).code).status_code == 302
    assert "Northlight" not in browser.get("/").content.decode()
    browser.post("/switch/", {"agency": str(ana.agency_id)})
    assert browser.get("/api/v1/me/").json()["agency"]["name"] == "Southdown"
    assert browser.get("/account/").status_code == 403


def _account_pages() -> list[str]:
    """The address of every page about one's own account, with made-up parts where it asks for some."""
    made_up = {"uidb36": "1", "key": "abc-def", "code": "abcd-abcd-abcd"}
    found = []
    for route in get_resolver().reverse_dict.lists():
        name, ((possibilities, *_), *_) = route
        for path, wanted in possibilities:
            if path.startswith(("account/", "accounts/")) and isinstance(name, str):
                found.append("/" + path % {part: made_up.get(part, 1) for part in wanted})
    return sorted(set(found))


def test_no_page_of_ones_own_account_opens(ben: Actor, provider: IdentityProvider, rogue: Rogue) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    going = {"/accounts/login/", "/accounts/logout/"}
    pages = [path for path in _account_pages() if path not in going and "/accounts/agency/" not in path]
    assert {reverse("account"), reverse("account_change_password"), reverse("mfa_index")} <= set(pages)
    for path in pages:
        assert browser.get(path).status_code == 403, path
        assert browser.post(path, {"password1": "x", "password2": "x"}).status_code == 403, path
    assert come_in(browser)
    browser.post("/accounts/logout/")
    assert not come_in(browser)


def test_the_other_agencies_do_not_learn_that_it_ended(
    both: Actor, ana: Actor, cleo: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    browser.post("/accounts/logout/")
    assert len(log_of(ana, "account.signed_out")) == 1
    assert log_of(cleo, "account.signed_out") == []


def test_it_ends_with_the_persons_other_sessions(
    ben: Actor, provider: IdentityProvider, rogue: Rogue
) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    assert end_sessions(User.objects.get(email="ben@northlight.example")) == 1
    assert not come_in(browser)


def test_it_ends_the_same_night(ben: Actor, provider: IdentityProvider, rogue: Rogue) -> None:
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    assert browser.session.get_expiry_age() <= 12 * 3600


def test_it_counts_as_the_second_factor_that_the_agency_asks_for(
    ben: Actor, ana: Actor, provider: IdentityProvider, rogue: Rogue, page: Page
) -> None:
    Agency.objects.filter(pk=ana.agency_id).update(second_factor_required=True)
    browser = Browser()
    rogue.sign_in(browser, provider.code)
    assert come_in(browser)
    assert browser.get("/api/v1/me/").status_code == 200
    assert not come_in(page(ben))


# The only way in ---------------------------------------------------------------------------------------


def test_where_it_is_the_only_way_passwords_open_the_agency_to_its_owners(
    ben: Actor, ana: Actor, rogue: Rogue, page: Page
) -> None:
    provider = provide(ana, rogue.issuer, only_way=True)
    refused = page(ben).get("/")
    assert (refused.status_code, "Northlight asks its members" in words(refused)) == (403, True)
    assert f"/accounts/agency/{provider.code}/" in refused.content.decode()
    assert page(ben).get("/api/v1/me/").status_code == 403
    assert come_in(page(ana))
    assert rogue.sign_in(browser := Browser(), provider.code).status_code == 302
    assert come_in(browser)


def test_a_persons_other_agency_opens_by_password_as_before(
    both: Actor, ana: Actor, cleo: Actor, rogue: Rogue
) -> None:
    provider = provide(ana, rogue.issuer, only_way=True)
    browser = Browser()
    browser.force_login(
        User.objects.get(email="ben@northlight.example"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    assert browser.get("/api/v1/me/").json()["agency"]["name"] == "Southdown"
    there = browser.post("/switch/", {"agency": str(ana.agency_id)})
    assert there["Location"] == f"/accounts/agency/{provider.code}/"
    assert browser.get("/api/v1/me/").json()["agency"]["name"] == "Southdown"


def test_who_stops_being_an_owner_needs_it_too(
    ben: Actor, ana: Actor, rogue: Rogue, page: Page, clock: Clock
) -> None:
    provide(ana, rogue.issuer, only_way=True)
    with tenant(ana.agency_id):
        change_role(Membership.objects.get(pk=ben.id), role="owner", by=ana, now=clock.now)
    assert come_in(page(ben))
    with tenant(ana.agency_id):
        change_role(Membership.objects.get(pk=ben.id), role="manager", by=ana, now=clock.now)
    assert not come_in(page(ben))


# Finding it ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_code_of_nobodys_is_like_any_other_refusal() -> None:
    browser = Browser()
    for path in ("", "go/", "back/"):
        refused = browser.get(f"/accounts/agency/aaaa-bbbb-cccc/{path}")
        assert (refused.status_code, "doesn't exist, or isn't used any more" in words(refused)) == (403, True)


def test_the_code_leads_there_from_the_page_to_sign_in(provider: IdentityProvider) -> None:
    browser = Browser()
    assert "/accounts/agency/" in browser.get("/accounts/login/").content.decode()
    asked = browser.get("/accounts/agency/")
    for typed in (
        provider.code,
        provider.code.upper(),
        f" https://x.example/accounts/agency/{provider.code}/ ",
    ):
        there = submit(browser, asked, button="Go on", code=typed)
        assert there["Location"] == f"/accounts/agency/{provider.code}/"
    refused = submit(browser, asked, button="Go on", code="aaaa-bbbb-cccc")
    assert (refused.status_code, "Nobody signs in with that code" in words(refused)) == (422, True)


def test_nobody_can_guess_a_code(ana: Actor, cleo: Actor) -> None:
    codes = {sign_in_code(Agency.objects.get(pk=actor.agency_id)) for actor in (ana, cleo)}
    assert len(codes) == 2
    assert all(re.fullmatch(r"([a-z2-9]{4}-){2}[a-z2-9]{4}", code) for code in codes)


# In the settings -----------------------------------------------------------------------------------------


def fill_in(browser: Browser, issuer: str, **more: str) -> Any:
    shown = browser.get("/settings/sign-in/set/")
    typed = {"name": "Northlight accounts", "issuer": issuer, "client_id": "earshot", **more}
    return submit(browser, shown, button="Save", **typed)


def test_an_owner_sets_it_up_and_tests_it(ana: Actor, rogue: Rogue, page: Page) -> None:
    browser = page(ana)
    code = sign_in_code(Agency.objects.get(pk=ana.agency_id))
    assert f"/accounts/agency/{code}/back/" in browser.get("/settings/sign-in/").content.decode()
    assert fill_in(browser, rogue.issuer, client_secret=SECRET)["Location"] == "/settings/sign-in/"
    shown = browser.get("/settings/sign-in/")
    assert "In use" in words(shown)
    assert "its discovery document is in order" in words(submit(browser, shown, button="Test it"))
    rogue.discovery = {"issuer": "https://accounts.google.com"}
    assert "of another issuer" in words(submit(browser, shown, button="Test it"))
    assert "Members can sign in with Northlight accounts" in words(browser.get("/settings/"))


def test_it_is_disabled_enabled_and_deleted_there(ana: Actor, provider: IdentityProvider, page: Page) -> None:
    browser = page(ana)
    submit(browser, browser.get("/settings/sign-in/disable/"), button="Disable it")
    shown = browser.get("/settings/sign-in/")
    assert "Disabled" in words(shown)
    submit(browser, shown, button="Enable")
    assert IdentityProvider.objects.get().disabled_at is None
    submit(browser, browser.get("/settings/sign-in/delete/"), button="Delete it")
    assert not IdentityProvider.objects.exists()


def test_the_stored_secret_is_not_sent_to_another_place(
    ana: Actor, provider: IdentityProvider, page: Page
) -> None:
    refused = fill_in(page(ana), "https://accounts.evil.example")
    assert (refused.status_code, "Enter the secret of the new provider" in words(refused)) == (422, True)


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("http://provider.example", "must begin with https://"),
        ("https://provider.example/?a=b", "without ? or #"),
        ("provider.example", "must begin with http"),
        ("https://me:secret@provider.example", "must not contain a user name or password"),
    ],
)
def test_what_is_no_issuer_is_refused_in_words(ana: Actor, page: Page, issuer: str, said: str) -> None:
    assert said in words(fill_in(page(ana), issuer, client_secret=SECRET))


def test_only_owners_see_any_of_it(mara: Actor, ben: Actor, provider: IdentityProvider, page: Page) -> None:
    for actor in (mara, ben):
        assert page(actor).get("/settings/sign-in/").status_code == 403
        assert "Your own sign-in" not in words(page(actor).get("/settings/"))


def test_the_secret_is_shown_nowhere_and_stored_sealed(
    ana: Actor, provider: IdentityProvider, page: Page, api: Callable[..., Any], rogue: Rogue, ben: Actor
) -> None:
    rogue.sign_in(Browser(), provider.code)
    fill_in(page(ana), rogue.issuer, client_secret=SECRET)
    for path in ("/settings/sign-in/", "/settings/sign-in/set/", "/activity/", "/settings/"):
        assert SECRET not in page(ana).get(path).content.decode()
    for path in ("/api/v1/identity-provider/", "/api/v1/events/"):
        assert SECRET not in api(ana).get(path).content.decode()
    with tenant(ana.agency_id):
        assert SECRET not in str(list(AuditEntry.objects.values_list()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM agency_identityprovider")
        assert cursor.fetchone()[0].startswith("v1.")


def test_a_program_sets_it_up_too(ana: Actor, mara: Actor, rogue: Rogue, api: Callable[..., Any]) -> None:
    program = api(ana)
    none = program.get("/api/v1/identity-provider/").json()
    assert none["provider"] is None
    body = {"name": "Northlight accounts", "issuer": rogue.issuer, "client_id": "earshot"}
    refused = program.put("/api/v1/identity-provider/", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/client_secret")
    made = program.put("/api/v1/identity-provider/", {**body, "client_secret": SECRET}).json()
    assert made["redirect_uri"] == none["redirect_uri"]
    assert made["provider"]["sign_in_url"] in made["redirect_uri"]
    assert program.post("/api/v1/identity-provider/test/").json() == {"ok": True, "error": None}
    rogue.discovery = {"jwks_uri": None}
    assert "jwks_uri" in program.post("/api/v1/identity-provider/test/").json()["error"]
    assert program.post("/api/v1/identity-provider/disable/").json()["provider"]["disabled_at"]
    assert program.post("/api/v1/identity-provider/enable/").json()["provider"]["disabled_at"] is None
    assert program.get("/api/v1/identities/").json()["results"] == []
    assert program.delete("/api/v1/identity-provider/").status_code == 204
    assert program.delete("/api/v1/identity-provider/").status_code == 409
    assert api(mara).get("/api/v1/identity-provider/").status_code == 403


def test_a_program_that_is_less_than_an_owner_names_nobody_who_vouches_for_owners(
    ana: Actor, rogue: Rogue, api: Callable[..., Any]
) -> None:
    body = {"name": "N", "issuer": rogue.issuer, "client_id": "e", "client_secret": SECRET}
    assert api(ana, "agency").put("/api/v1/identity-provider/", body).status_code == 403
    assert not IdentityProvider.objects.exists()

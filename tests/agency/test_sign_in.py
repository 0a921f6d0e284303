"""Signing in: with a password, a code, a recovery code; what follows of it, and what is noted."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.models import AuditEntry, Membership, User
from agency.tenancy import tenant
from tests.fixtures import Clock
from tests.making import send_mails
from tests.pages import submit, tree, words

Page = Callable[[Actor], Browser]
PASSWORD = "orbit-teapot-cellar"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def bens(ben: Actor) -> User:
    return with_password(ben)


def user_of(actor: Actor) -> User:
    return Membership.objects.select_related("user").get(pk=actor.id).user


def with_password(actor: Actor) -> User:
    user = user_of(actor)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(browser: Browser, user: User, password: str = PASSWORD, **more: Any) -> Any:
    return browser.post(LOGIN, {"login": user.email, "password": password, **more})


def confirm(browser: Browser) -> None:
    """Before a change one shows again that it is oneself."""
    answer = browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer.status_code == 302


def code(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def add_app(browser: Browser) -> str:
    """Set up an authenticator app as a person does; its secret. The code that showed it is used up."""
    confirm(browser)
    shown = browser.get("/accounts/2fa/totp/activate/")
    secret = tree(shown).css_first("#totp-secret").text()
    with TestCase.captureOnCommitCallbacks(execute=True):
        done = submit(browser, shown, button="Turn it on", code=code(secret, -1))
    assert done["Location"] == "/accounts/2fa/recovery-codes/", words(done)
    return secret


def show_codes(browser: Browser) -> list[str]:
    shown = submit(browser, browser.get("/accounts/2fa/recovery-codes/"), button="Show my codes")
    return tree(shown).css_first("#recovery-codes").text().split()


def noted(actor: Actor) -> list[str]:
    with tenant(actor.agency_id):
        entries = AuditEntry.objects.filter(action__startswith="account.").order_by("id")
        return [entry.action for entry in entries]


def test_a_password_lets_in_and_the_session_is_a_new_one(ben: Actor, bens: User) -> None:
    browser = Browser()
    browser.get(LOGIN)
    session = browser.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    browser.cookies["sessionid"] = before or ""
    answer = sign_in(browser, bens)
    assert answer["Location"] == "/"
    assert browser.cookies["sessionid"].value != before
    assert browser.get("/").status_code == 200
    assert noted(ben) == ["account.signed_in"]


def test_cookies_are_kept_from_scripts_and_other_sites(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    for name in ("sessionid", "earshot_device"):
        assert browser.cookies[name]["httponly"]
        assert browser.cookies[name]["samesite"] == "Lax"


def test_with_an_app_the_password_alone_opens_nothing(ben: Actor, bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    secret = add_app(browser)
    browser = Browser()
    answer = sign_in(browser, bens)
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert browser.get("/")["Location"].startswith(LOGIN)
    assert browser.get("/api/v1/me/").status_code == 401
    shown = browser.get(answer["Location"])
    wrong = submit(browser, shown, button="Go on", code="000000")
    assert "That code is wrong, or was used already." in words(wrong)
    entered = submit(browser, shown, button="Go on", code=code(secret))
    assert entered["Location"] == "/"
    assert browser.get("/").status_code == 200


def test_a_code_is_taken_once_however_long_it_is_valid(bens: User) -> None:
    first = Browser()
    sign_in(first, bens)
    secret = add_app(first)
    now = code(secret)
    for browser, typed, lets_in in (
        (Browser(), now, True),
        (Browser(), now, False),
        (Browser(), code(secret, -1), False),
    ):
        sign_in(browser, bens)
        browser.post("/accounts/2fa/authenticate/", {"code": typed})
        assert (browser.get("/").status_code == 200) is lets_in


def test_the_code_that_set_the_app_up_does_not_let_in(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    secret = add_app(browser)
    other = Browser()
    sign_in(other, bens)
    other.post("/accounts/2fa/authenticate/", {"code": code(secret, -1)})
    assert other.get("/").status_code == 302


def test_secrets_of_the_second_factor_are_sealed(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    secret = add_app(browser)
    codes = show_codes(browser)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert stored.count("v1.") == 2
    assert secret not in stored
    assert not [one for one in codes if one in stored]
    assert secret not in str(dict(browser.session))


def test_recovery_codes_are_shown_once_and_each_lets_in_once(ben: Actor, bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    add_app(browser)
    codes = show_codes(browser)
    assert len(codes) == 10
    again = browser.post("/accounts/2fa/recovery-codes/")
    assert "aren't shown again" in words(again)
    assert not [one for one in codes if one in again.content.decode()]
    for expected in (200, 302):
        other = Browser()
        sign_in(other, bens)
        other.post("/accounts/2fa/authenticate/", {"code": f" {codes[0][:4]} {codes[0][4:]}"})
        shown = other.get("/")
        assert shown.status_code == expected
        if expected == 200:
            assert "You have 9 recovery codes left" in words(shown)


def test_few_recovery_codes_are_warned_of(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    add_app(browser)
    assert "10 left" in words(browser.get("/account/"))
    assert "Few left" not in words(browser.get("/account/"))
    codes = Authenticator.objects.get(type="recovery_codes")
    codes.data["used_mask"] = 0b1111111
    codes.save()
    assert "3 left" in words(browser.get("/account/"))
    assert "Few left: make new ones" in words(browser.get("/account/"))


@pytest.mark.parametrize(
    "address",
    ["/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/accounts/2fa/recovery-codes/generate/"],
)
def test_a_change_asks_first_whether_it_is_you(bens: User, address: str) -> None:
    browser = Browser()
    sign_in(browser, bens)
    asked = browser.get(address)
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    assert "Is it you?" in words(browser.get(asked["Location"]))


def test_a_new_factor_ends_sessions_that_were_opened_without_it(bens: User) -> None:
    old, browser = Browser(), Browser()
    sign_in(old, bens)
    sign_in(browser, bens)
    assert old.get("/").status_code == 200
    add_app(browser)
    assert browser.get("/").status_code == 200
    assert old.get("/").status_code == 302


def test_each_change_is_noted_and_mailed(ben: Actor, bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    add_app(browser)
    submit(browser, browser.get("/accounts/2fa/totp/deactivate/"), button="Remove it")
    submit(
        browser,
        browser.get("/accounts/password/change/"),
        button="Change password",
        oldpassword=PASSWORD,
        password1="tundra-lantern-fig",
        password2="tundra-lantern-fig",
    )
    assert noted(ben) == [
        "account.signed_in",
        "account.app_added",
        "account.app_removed",
        "account.password_changed",
    ]
    assert [message.subject for message in mail.outbox] == [
        "An authenticator app was added at Earshot",
        "Your authenticator app was removed at Earshot",
        "Your password was changed at Earshot",
    ]
    assert "127.0.0.1" in str(mail.outbox[0].body)


def test_a_mail_server_that_is_away_undoes_no_change(bens: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    browser = Browser()
    sign_in(browser, bens)
    add_app(browser)
    assert Authenticator.objects.filter(type="totp").count() == 1


def test_a_changed_password_ends_the_other_sessions(bens: User) -> None:
    browser, other = Browser(), Browser()
    sign_in(browser, bens)
    sign_in(other, bens)
    fresh = {"oldpassword": PASSWORD, "password1": "tundra-lantern-fig", "password2": "tundra-lantern-fig"}
    submit(browser, browser.get("/accounts/password/change/"), button="Change password", **fresh)
    assert browser.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert len(tree(browser.get("/account/")).css("[aria-labelledby=sessions-h] li")) == 1


def test_a_password_by_mail_ends_all_sessions_and_never_names_the_host(
    ben: Actor, bens: User, clock: Clock, settings: Any
) -> None:
    browser = Browser()
    sign_in(browser, bens)
    settings.ALLOWED_HOSTS = ["*"]
    asked = Browser(
        headers={"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    )
    asked.post("/accounts/password/reset/", {"email": bens.email})
    send_mails(ben.agency_id, now=clock.now)
    body = str(mail.outbox[0].body) + mail.outbox[0].subject
    assert "evil" not in body
    link = re.search(r"http://127\.0\.0\.1:8000(/accounts/password/reset/key/\S+)", body)
    assert link
    settings.ALLOWED_HOSTS = ["testserver"]
    anyone = Browser()
    form = anyone.get(link[1], follow=True)
    submit(
        anyone,
        form,
        button="Save the new password",
        password1="tundra-lantern-fig",
        password2="tundra-lantern-fig",
    )
    assert browser.get("/").status_code == 302
    assert "This link doesn't work any more" in words(Browser().get(link[1], follow=True))


def test_a_closed_account_is_out_at_once(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    User.objects.filter(pk=bens.pk).update(is_active=False)
    assert browser.get("/").status_code == 302
    assert browser.get("/api/v1/me/").status_code == 401
    assert sign_in(Browser(), bens)["Location"] == "/accounts/inactive/"


def test_sessions_are_listed_in_words_and_ended(ben: Actor, bens: User, mara: Actor) -> None:
    firefox = Browser(
        headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"}
    )
    phone = Browser(
        headers={"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19) Version/19 Mobile Safari/604.1"}
    )
    third = Browser(REMOTE_ADDR="2001:db8::7")
    for browser in (firefox, phone, third):
        sign_in(browser, bens)
    shown = firefox.get("/account/")
    listed = words(shown, "[aria-labelledby=sessions-h]")
    assert "Firefox on Windows" in listed
    assert "Safari on iPhone" in listed
    assert "2001:db8::7" in listed
    assert words(shown, "[aria-labelledby=sessions-h] li:first-child").startswith(
        "Firefox on Windows 127.0.0.1"
    )
    ends = [form.attributes["action"] or "" for form in tree(shown).css("form[action$='/end/']")]
    one = [action for action in ends if re.fullmatch(r"/account/sessions/\d+/end/", action)]
    stranger = Browser()
    sign_in(stranger, with_password(mara))
    for action in one:
        stranger.post(action)
    assert phone.get("/").status_code == third.get("/").status_code == 200
    firefox.post(one[0])
    assert sorted([phone.get("/").status_code, third.get("/").status_code]) == [200, 302]
    submit(firefox, firefox.get("/account/"), button="End all others")
    assert [browser.get("/").status_code for browser in (firefox, phone, third)] == [200, 302, 302]
    assert noted(ben).count("account.sessions_ended") == 2


def test_looking_around_writes_no_session(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    with CaptureQueriesContext(connection) as queries:
        for path in ("/", "/account/", "/settings/"):
            assert browser.get(path).status_code == 200
    changed = [one["sql"] for one in queries if re.match(r"\s*(INSERT|UPDATE|DELETE)", one["sql"])]
    assert changed == []


def test_one_changes_ones_own_name(ben: Actor, bens: User, page: Page, ana: Actor) -> None:
    browser = Browser()
    sign_in(browser, bens)
    submit(browser, browser.get("/account/"), button="Save the name", name="Benno")
    assert "Benno" in words(page(ana).get("/team/"))
    assert "Enter your name." in words(
        submit(browser, browser.get("/account/"), button="Save the name", name=" ")
    )
    assert noted(ben)[-1] == "account.renamed"

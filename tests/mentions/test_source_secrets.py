"""A feed behind a password: what opens it is sealed, sent to its own server alone, and shown to nobody."""

import base64
import io
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from agency.actions.channels import add_channel
from agency.actions.idempotency import Answer as StoredCallAnswer
from agency.actions.idempotency import Call, keep_answer
from agency.actions.webhooks.endpoints import add_endpoint, rotate_secret
from agency.actor import Actor
from agency.models import Agency, AuditEntry, Event, IdentityProvider, User
from agency.queries.people import actor_of_member
from agency.sealed import NotSealed, SealedField, put, sealed_columns
from agency.tenancy import tenant
from agency.vault import VaultRefused, key_id, make_key
from clients.models import Client
from mentions.actions.reading import claim_source, fetch_page, record_page
from mentions.actions.secrets import secrets_of
from mentions.actions.sources import add_source, change_source
from mentions.feeds.tokens import split_sign_in, split_token, with_token
from mentions.models import Source, SourceRead
from mentions.platforms.registry import PLATFORMS
from tests.fixtures import Api, Clock
from tests.pages import submit
from tests.web_server import Answer, Request, WebServer
from workflows.actions.collect import collect
from workflows.actions.onboarding import open_agency

Page = Callable[[Actor], Browser]
FEED = (
    b'<rss version="2.0"><channel><title>Forum</title><item><guid>1</guid><title>Coffee</title>'
    b"<description>Brightwater is closed.</description></item></channel></rss>"
)
NAME, PASSWORD, TOKEN = "planted-name", "planted  pässword", "key=planted-token"
BASIC = "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
PLANTED = (NAME, PASSWORD, "planted-token", BASIC.removeprefix("Basic "))


def behind_a_password(request: Request) -> Answer:
    if request.headers.get("authorization") != BASIC:
        return Answer(status=401)
    return Answer(FEED, headers={"Content-Type": "application/rss+xml"})


@pytest.fixture
def feed(web_server: WebServer) -> WebServer:
    web_server.answers["/feed.xml"] = behind_a_password
    return web_server


@pytest.fixture
def source(feed: WebServer, ana: Actor, brand: Client, clock: Clock) -> Source:
    settings = {"url": feed.url_of(f"/feed.xml?tag=coffee&{TOKEN}"), "username": NAME, "password": PASSWORD}
    with tenant(ana.agency_id):
        return add_source(
            kind="feed",
            name="Forum",
            settings=settings,
            every=timedelta(minutes=5),
            client=None,
            by=ana,
            now=clock.now,
        )


def read(source: Source, clock: Clock) -> Source:
    collect(source.agency_id, source.pk, clock=lambda: clock.now)
    with tenant(source.agency_id):
        return Source.objects.get(pk=source.pk)


def change(source: Source, by: Actor, clock: Clock, **settings: str) -> Source:
    with tenant(by.agency_id):
        return change_source(source, changes={"settings": settings}, by=by, now=clock.now)


def opened(source: Source) -> dict[str, str]:
    with tenant(source.agency_id):
        return secrets_of(Source.objects.get(pk=source.pk))


# Reading ------------------------------------------------------------------------------------------------


def test_a_feed_behind_a_password_is_read(source: Source, feed: WebServer, clock: Clock) -> None:
    assert read(source, clock).health == "good"
    assert feed.requests[0].path == f"/feed.xml?tag=coffee&{TOKEN}"


def test_a_wrong_password_is_said_on_the_sources_health(source: Source, ana: Actor, clock: Clock) -> None:
    read(change(source, ana, clock, url=source.settings["url"], password="wrong"), clock)
    failing = read(source, clock)
    assert failing.error == "The feed's server doesn't accept the source's user name and password."


def test_nothing_of_it_goes_to_where_another_server_redirects(
    source: Source, feed: WebServer, clock: Clock
) -> None:
    with WebServer() as thief:
        feed.answers["/feed.xml"] = Answer(status=302, headers={"Location": thief.url_of("/steal")})
        read(source, clock)
        (stolen,) = thief.requests
    assert "authorization" not in stolen.headers
    assert not any(secret in f"{stolen.path} {stolen.headers}" for secret in PLANTED)


def test_a_password_stays_with_its_server(source: Source, ana: Actor, feed: WebServer, clock: Clock) -> None:
    """Whoever may change a source must not get at its password by naming a server of their own."""
    with WebServer() as thief:
        with pytest.raises(Exception, match="isn't sent to another") as refused:
            change(source, ana, clock, url=thief.url_of("/feed.xml"))
        assert set(refused.value.fields) == {"username", "password"}  # type: ignore[attr-defined]
        moved = change(source, ana, clock, url=thief.url_of("/feed.xml"), username="", password="")
        read(moved, clock)
        assert "authorization" not in thief.requests[0].headers
    assert opened(moved) == {}


def test_a_password_stays_when_the_feed_moves_on_its_server(
    source: Source, ana: Actor, feed: WebServer, clock: Clock
) -> None:
    feed.answers["/new.xml"] = behind_a_password
    assert read(change(source, ana, clock, url=feed.url_of("/new.xml")), clock).health == "good"
    assert feed.requests[-1].path == "/new.xml"  # the token was part of the former address


def test_a_key_that_is_gone_is_said_on_the_sources_health(
    source: Source, clock: Clock, settings: Any
) -> None:
    settings.SECRET_KEY = "another key that nobody sealed anything with"
    failing = read(source, clock)
    assert (failing.error_code, "Put that key back" in failing.error) == ("vault_key_missing", True)
    again = {"url": source.settings["url"], "username": NAME, "password": PASSWORD, "url_token": TOKEN}
    with tenant(source.agency_id):
        owner = Actor("member", source.agency_id, None, "Ana", frozenset({"manage"}))  # type: ignore[arg-type]
        change_source(source, changes={"settings": again}, by=owner, now=clock.now)
    assert read(source, clock).health == "good"


# Showing ------------------------------------------------------------------------------------------------


def test_no_page_and_no_answer_shows_it(
    source: Source, mara: Actor, page: Page, api: Callable[..., Api], clock: Clock
) -> None:
    read(source, clock)
    shown = "".join(
        page(mara).get(path).content.decode()
        for path in ("/sources/", f"/sources/{source.pk}/", f"/sources/{source.pk}/edit/", "/activity/")
    )
    answers = "".join(
        api(mara).get(path).content.decode()
        for path in (
            "/api/v1/sources/",
            f"/api/v1/sources/{source.pk}/",
            f"/api/v1/sources/{source.pk}/reads/",
            "/api/v1/events/",
        )
    )
    assert [secret for secret in PLANTED if secret in shown + answers] == []
    assert "With a stored user name and password" in shown
    assert "a secret part" in shown


def test_the_log_and_the_events_tell_that_it_changed_not_what(
    source: Source, ana: Actor, clock: Clock
) -> None:
    change(source, ana, clock, url=source.settings["url"], password="planted-anew")
    with tenant(ana.agency_id):
        told = str([*AuditEntry.objects.values_list(), *Event.objects.values_list()])
        last = AuditEntry.objects.filter(action="source.changed").get()
    assert [secret for secret in (*PLANTED, "planted-anew") if secret in told] == []
    assert last.details == {"secrets": "changed"}


@pytest.mark.usefixtures("committed")
def test_the_database_holds_none_of_it(feed: WebServer, clock: Clock) -> None:
    agency, member = open_agency(
        name="Northlight",
        time_zone="UTC",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=clock.now,
        invite=False,
    )
    with tenant(agency.pk):
        source = add_source(
            kind="feed",
            name="Forum",
            settings={"url": feed.url_of(f"/feed.xml?{TOKEN}"), "username": NAME, "password": PASSWORD},
            every=timedelta(minutes=5),
            client=None,
            by=actor_of_member(member),
            now=clock.now,
        )
    read(source, clock)
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"]) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        dump = "".join(
            str(owner.execute(f'SELECT to_jsonb(t) FROM "{name}" t').fetchall())  # type: ignore[arg-type]
            for (name,) in tables
        )
    assert str(source.pk) in dump
    assert [secret for secret in PLANTED if secret in dump] == []


def test_an_error_names_no_secret(source: Source, feed: WebServer, clock: Clock) -> None:
    for answer in (
        Answer(status=500),
        Answer(b"nonsense"),
        Answer(status=302, headers={"Location": "ftp://x"}),
    ):
        feed.answers["/feed.xml"] = answer
        read(source, clock)
        with tenant(source.agency_id):
            Source.objects.update(lease_until=None)
            said = str(list(SourceRead.objects.values_list("error", flat=True)))
        assert [secret for secret in PLANTED if secret in said] == []


# By page and by program ---------------------------------------------------------------------------------


def test_it_is_entered_kept_replaced_and_forgotten_on_the_page(
    mara: Actor, brand: Client, feed: WebServer, page: Page
) -> None:
    browser = page(mara)
    typed = {
        "name": "Forum",
        "url": feed.url_of(f"/feed.xml?{TOKEN}"),
        "username": NAME,
        "password": PASSWORD,
    }
    submit(browser, browser.get("/sources/add/"), button="Add the source", kind="feed", **typed)
    with tenant(mara.agency_id):
        source = Source.objects.get()
    assert opened(source) == {"username": NAME, "password": PASSWORD, "url_token": TOKEN}
    edit = f"/sources/{source.pk}/edit/"
    submit(browser, browser.get(edit), button="Save", name="Renamed")
    assert opened(source)["password"] == PASSWORD
    submit(browser, browser.get(edit), button="Save", password="another")
    assert opened(source) == {"username": NAME, "password": "another", "url_token": TOKEN}
    submit(browser, browser.get(edit), button="Save", forget="on")
    assert opened(source) == {}
    assert "forget" not in browser.get(edit).content.decode()


def test_a_program_sets_it_and_reads_only_that_it_is_set(
    mara: Actor, brand: Client, feed: WebServer, api: Callable[..., Api]
) -> None:
    program = api(mara)
    settings = {"url": feed.url_of("/feed.xml"), "username": NAME, "password": PASSWORD}
    made = program.post("/api/v1/sources/", {"kind": "feed", "name": "Forum", "settings": settings}).json()
    assert (made["settings"], made["secrets"]) == ({"url": settings["url"]}, ["password", "username"])
    address = f"/api/v1/sources/{made['id']}/"
    assert program.patch(address, {"settings": made["settings"]}).json()["secrets"] == made["secrets"]
    without = {"settings": {**made["settings"], "username": "", "password": ""}}
    assert program.patch(address, without).json()["secrets"] == []


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"passwort": "planted"}, "/settings/passwort"),
        ({"password": "planted"}, "/settings/username"),
        ({"username": "a:b", "password": "planted"}, "/settings/username"),
        ({"username": "a\nb", "password": "planted"}, "/settings/username"),
        ({"url": "http://forum.example/", "username": "a", "password": "planted"}, "/settings/url"),
    ],
)
def test_what_would_give_a_secret_away_is_refused(
    mara: Actor, brand: Client, api: Callable[..., Api], settings: dict[str, str], pointer: str
) -> None:
    body = {"kind": "feed", "name": "Forum", "settings": {"url": "https://forum.example/", **settings}}
    refused = api(mara).post("/api/v1/sources/", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
    assert "planted" not in refused.content.decode()


def test_an_address_with_a_password_in_it_is_taken_apart(
    mara: Actor, brand: Client, api: Callable[..., Api]
) -> None:
    settings = {"url": "https://planted-name:p%40ss@forum.example/feed?x=1&access_token=planted-token"}
    made = api(mara).post("/api/v1/sources/", {"kind": "feed", "name": "Forum", "settings": settings}).json()
    assert made["settings"] == {"url": "https://forum.example/feed?x=1"}
    assert made["secrets"] == ["password", "url_token", "username"]


@given(
    st.lists(st.sampled_from(["a=1", "key=s3", "q=brand", "auth_token=s3", "x", "api-key=s3", "keyword=b"]))
)
def test_an_address_is_whole_again_when_it_is_asked_for(pairs: list[str]) -> None:
    url = "https://forum.example/feed" + ("?" + "&".join(pairs) if pairs else "")
    shown, token = split_token(url)
    assert "s3" not in shown
    whole = with_token(shown, token)
    assert sorted(whole.partition("?")[2].split("&")) == sorted(url.partition("?")[2].split("&"))
    assert split_sign_in(url) == (url, "", "")


@given(st.text(max_size=60))
def test_no_address_breaks_the_taking_apart(text: str) -> None:
    for platform in PLATFORMS.values():
        tidied = platform.tidy({"url": text, "reply_url": text})
        platform.check_settings(tidied)
        assert tidied.keys() - platform.secrets - {"url", "reply_url"} == set()


# Columns and keys ---------------------------------------------------------------------------------------


def test_a_sealed_column_takes_nothing_else(source: Source) -> None:
    with tenant(source.agency_id):
        source.secrets = "plain"
        with pytest.raises(NotSealed):
            Source.objects.filter(pk=source.pk).update(secrets=source.secrets)
    with (
        pytest.raises(DatabaseError, match="violates check constraint"),
        tenant(source.agency_id),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE mentions_source SET secrets = 'plain'")


def test_a_copied_secret_opens_in_no_other_row(source: Source, cleo: Actor, clock: Clock) -> None:
    with tenant(cleo.agency_id):
        copy = Source(
            kind="feed",
            name="Copy",
            settings=source.settings,
            secrets=source.secrets,
            secret_names=source.secret_names,
            every=source.every,
            created_at=clock.now,
        )
        copy.save()
        with pytest.raises(VaultRefused):
            secrets_of(copy)


def rotate(*arguments: str) -> str:
    said = io.StringIO()
    call_command("rotate_vault_keys", *arguments, stdout=said, stderr=said)
    return said.getvalue()


def test_rotation_seals_everything_by_the_first_key(
    source: Source, cleo: Actor, clock: Clock, settings: Any
) -> None:
    settings.VAULT_KEYS = [make_key("old")]
    put_all = {"url": "https://forum.example/feed", "url_token": "key=hers"}
    with tenant(cleo.agency_id):
        hers = add_source(
            kind="feed",
            name="Hers",
            settings=put_all,
            every=timedelta(minutes=5),
            client=None,
            by=cleo,
            now=clock.now,
        )
    settings.VAULT_KEYS = [make_key("new"), *settings.VAULT_KEYS]
    with pytest.raises(CommandError, match="Keep “old”, “secret-key-"):
        rotate("--check")
    assert "mentions_source.secrets: 2 sealed, 2 sealed again." in rotate()
    assert "Older keys can be dropped" in rotate("--check")
    assert "2 sealed, 0 sealed again" in rotate()
    settings.VAULT_KEYS = settings.VAULT_KEYS[:1]
    settings.SECRET_KEY = "a secret key that never sealed anything here"
    assert opened(hers) == {"url_token": "key=hers"}
    assert opened(source)["password"] == PASSWORD
    with tenant(source.agency_id):
        assert key_id(Source.objects.get(pk=source.pk).secrets) == "new"


def test_a_rotation_says_what_it_cannot_open(source: Source, settings: Any) -> None:
    settings.SECRET_KEY = "a secret key that never sealed anything here"
    with pytest.raises(CommandError, match="Keep “secret-key-"):
        rotate()


def test_a_reading_under_way_survives_a_rotation(source: Source, clock: Clock, settings: Any) -> None:
    with tenant(source.agency_id):
        reading = claim_source(source.pk, now=clock.now)
    assert reading is not None
    assert not any(secret in repr(reading) for secret in PLANTED)
    page = fetch_page(reading)
    settings.VAULT_KEYS = [make_key("new")]
    rotate()
    with tenant(source.agency_id):
        record_page(reading, page, now=clock.now)
        assert Source.objects.get(pk=source.pk).health == "good"


def test_every_column_that_holds_sealed_text_is_rotated(source: Source, ana: Actor, clock: Clock) -> None:
    """Found by looking into every column of every table, after a secret of each kind was stored."""
    TOTP.activate(User.objects.get(email="ana@northlight.example"), generate_totp_secret())
    provider = IdentityProvider(agency=Agency.objects.get(pk=ana.agency_id), code="x", created_at=clock.now)
    put(provider, "client_secret", "planted")
    provider.save()
    with tenant(ana.agency_id), connection.cursor() as cursor:
        hook = "https://hooks.example/earshot"
        add_channel(kind="webhook", name="Hook", takes="all", address=hook, by=ana, now=clock.now)
        endpoint, _ = add_endpoint(name="Desk", url=hook, types=[], clients=None, by=ana, now=clock.now)
        rotate_secret(endpoint, by=ana, now=clock.now)
        call = Call(ana, "0" * 64, "1" * 64)
        keep_answer(call, StoredCallAnswer(201, {}, b"planted"))
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'jsonb', 'json')"
        )
        found = set()
        for table, column in cursor.fetchall():
            cursor.execute(
                f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE "{column}"::text ~ %s)',
                [r"\mv1\.[a-z0-9-]{1,32}\.[A-Za-z0-9_-]{38,}"],
            )
            if cursor.fetchone()[0]:
                found.add((table, column))
    known = {(column.table, column.column) for column in sealed_columns()}
    assert found == known
    assert all(
        isinstance(field, SealedField) or (column.table, field.name) == ("mfa_authenticator", "data")
        for column in sealed_columns()
        for field in column.model._meta.local_fields
        if field.name == column.column
    )

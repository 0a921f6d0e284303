"""Ana owns the agency, Mara manages, Ben responds, Ivo reads; Cleo owns another agency; Dora approves for the client."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import orjson
import psycopg
import pytest
from django.db import connections
from django.test import Client as Browser

from agency import clock as the_clock
from agency.actions.keys import make_key
from agency.actions.members import add_member
from agency.actor import Actor, system
from agency.models import Agency, Membership
from agency.queries.people import actor_of_member
from agency.rights import Right
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from clients.models import Client, Contact
from mentions.actions.listening import set_query
from mentions.models import Mention
from tests.making import make_mention
from tests.web_server import WebServer
from workflows.actions.onboarding import open_agency

# Machines here are noisy: how long an example takes says nothing.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

FRIDAY_EVENING = datetime(2026, 3, 6, 17, 4, tzinfo=UTC)  # 19:04 in Riga


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Each process has its own copy of the migrated template already (tests/process.py)."""


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """Made by tests/process.py."""


@dataclass
class Clock:
    """The database's clock, held still."""

    now: datetime = FRIDAY_EVENING

    def advance(self, **much: float) -> datetime:
        self.now += timedelta(**much)
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    held = Clock()
    monkeypatch.setattr(the_clock, "now", lambda: held.now)
    return held


def _open(name: str, email: str, person: str, now: datetime) -> tuple[Agency, Actor]:
    agency, owner = open_agency(
        name=name, time_zone="Europe/Riga", owner_email=email, owner_name=person, now=now, invite=False
    )
    return agency, actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))


@pytest.fixture
def _house(db: None, clock: Clock) -> tuple[Agency, Actor]:
    return _open("Northlight", "ana@northlight.example", "Ana", clock.now)


@pytest.fixture
def agency(_house: tuple[Agency, Actor]) -> Agency:
    return _house[0]


@pytest.fixture
def ana(_house: tuple[Agency, Actor]) -> Actor:
    return _house[1]


def _member(ana: Actor, name: str, role: str, now: datetime) -> Actor:
    with tenant(ana.agency_id):
        member = add_member(
            email=f"{name.lower()}@northlight.example", name=name, role=role, by=ana, now=now, invite=False
        )
    return actor_of_member(Membership.objects.select_related("user").get(pk=member.pk))


@pytest.fixture
def mara(ana: Actor, clock: Clock) -> Actor:
    return _member(ana, "Mara", "manager", clock.now)


@pytest.fixture
def ben(ana: Actor, clock: Clock) -> Actor:
    return _member(ana, "Ben", "responder", clock.now)


@pytest.fixture
def ivo(ana: Actor, clock: Clock) -> Actor:
    return _member(ana, "Ivo", "analyst", clock.now)


@pytest.fixture
def cleo(db: None, clock: Clock) -> Actor:
    return _open("Southdown", "cleo@southdown.example", "Cleo", clock.now)[1]


@pytest.fixture
def brand(ana: Actor, clock: Clock) -> Client:
    with tenant(ana.agency_id):
        client = create_client(
            name="Brightwater", time_zone="Europe/Riga", language="en", by=ana, now=clock.now
        )
        set_query(client=client, any_terms=["Brightwater", "bright water coffee"], by=ana, now=clock.now)
    return client


@pytest.fixture
def dora(brand: Client, ana: Actor, clock: Clock) -> Contact:
    with tenant(ana.agency_id):
        return add_contact(
            client=brand,
            name="Dora",
            email="dora@brightwater.example",
            parts=["approver"],
            by=ana,
            now=clock.now,
        )


@pytest.fixture
def mention(brand: Client, clock: Clock) -> Mention:
    """A new mention of the brand, posted twenty minutes ago."""
    with tenant(brand.agency_id):
        return make_mention(brand, now=clock.now)


@pytest.fixture
def inside(agency: Agency) -> Iterator[None]:
    """The test's own code acts inside the agency. Not for tests over HTTP: those enter by themselves."""
    with tenant(agency.pk):
        yield


@pytest.fixture
def page() -> Callable[[Actor], Browser]:
    """A browser (Django's) in which this member is signed in."""

    def signed_in(actor: Actor) -> Browser:
        browser = Browser()
        browser.force_login(
            Membership.objects.select_related("user").get(pk=actor.id).user,
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        return browser

    return signed_in


def _json(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # numbers beyond 64 bits, which other programs write
        return json.dumps(body).encode()


@dataclass
class Api:
    """Calls with an API key; bodies and answers are JSON."""

    token: str
    browser: Browser = field(default_factory=Browser)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        signed = {"authorization": f"Bearer {self.token}"} if self.token else {}
        data = b"" if body is None else body if isinstance(body, bytes) else _json(body)
        return self.browser.generic(
            method, path, data=data, content_type="application/json", headers={**signed, **headers}
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)

    def replace(self, path: str, body: Any) -> Any:
        """PUT in place of what is there now, which is read first and named by its ETag."""
        return self.put(path, body, **{"If-Match": self.get(path).headers["ETag"]})

    def remove(self, path: str) -> Any:
        """DELETE what is there now, likewise."""
        return self.delete(path, **{"If-Match": self.get(path).headers["ETag"]})


@pytest.fixture
def api(clock: Clock) -> Callable[..., Api]:
    """A program with a key that this member made, able to do all that they are, or just `rights`."""

    def with_key(actor: Actor, *rights: str) -> Api:
        with tenant(actor.agency_id):
            by = Actor(
                kind=actor.kind,
                agency_id=actor.agency_id,
                id=actor.id,
                name=actor.name,
                rights=frozenset(Right),
                member_id=actor.member_id,
            )
            granted = rights or tuple(actor.rights)
            _, token = make_key(
                name=f"{actor.name}'s key", rights=granted, expires_at=None, by=by, now=clock.now
            )
        return Api(token)

    return with_key


@pytest.fixture
def web_server() -> Iterator[WebServer]:
    """A real HTTP server on 127.0.0.1 that answers what the test says."""
    with WebServer() as server:
        yield server


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Really commit, for what needs several connections or processes; all tables are emptied afterwards."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()
    empty_all_tables()


def empty_all_tables() -> None:
    """After what was really committed."""
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"], autocommit=True) as owner:
        rows = owner.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
        ).fetchall()
        owner.execute(f"TRUNCATE {', '.join(name for (name,) in rows)} CASCADE")  # type: ignore[arg-type]


@pytest.fixture
def machine(ana: Actor) -> Actor:
    """Earshot itself, acting in Ana's agency."""
    return system(ana.agency_id)

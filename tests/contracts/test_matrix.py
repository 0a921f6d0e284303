"""Every door × every actor × own, foreign and random ids: nobody crosses an agency, and nobody does what they may not.

Foreign must look exactly like random, in status and wording; the other agency's canaries appear nowhere.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from difflib import ndiff
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.db import transaction
from django.test import Client as Browser

from agency.actions.keys import make_key
from agency.actor import Actor
from agency.api.docs import document
from agency.models import Membership
from agency.rights import ROLE_RIGHTS, Right, Role
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from clients.actions.templates import add_template
from mentions.actions.listening import set_query
from mentions.actions.sources import add_source
from tests.contracts.doors import Door, guarded, is_open, routes
from tests.fixtures import Clock
from tests.making import make_mention

CANARY = "xanadu"
SECRET = re.compile(
    r"data-now=\"\d+|csrfmiddlewaretoken\" value=\"[^\"]*|nonce=\"[^\"]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
SAFE = ("GET", "HEAD")
# Doors that the right alone doesn't open: only the assignee, or a manager, gives a claim back or hands it on, and a key
# makes no key that can do more than itself.
HELD = ("/release/", "/assign/", "v1/keys/")
# Fields of bodies that are ids.
NAMES = {"client": "client_id", "template": "template_id", "assignee": "member_id", "member": "member_id"}


@dataclass(frozen=True)
class World:
    """One of everything in one agency, all named after `mark`: what a route takes → its id."""

    owner: Actor
    ids: dict[str, UUID]


def _world(owner: Actor, mark: str, clock: Clock) -> World:
    by, now = owner, clock.now
    with tenant(owner.agency_id):
        client = create_client(name=f"{mark} client", time_zone="UTC", language="en", by=by, now=now)
        set_query(client=client, any_terms=[mark], by=by, now=now)
        contact = add_contact(
            client=client, name=f"{mark} contact", email=f"c@{mark}.example", part="approver", by=by, now=now
        )
        template = add_template(
            client=client, name=f"{mark} template", kind="other", text=f"{mark} text", by=by, now=now
        )
        source = add_source(
            kind="feed",
            name=f"{mark} source",
            settings={"url": f"https://{mark}.example/feed.xml"},
            every=timedelta(minutes=5),
            client=client,
            by=by,
            now=now,
        )
        mention = make_mention(
            client, now=now, text=f"{mark} was closed", author=f"{mark} author", source=source
        )
        key, _ = make_key(name=f"{mark} key", rights=["read"], expires_at=None, by=by, now=now)
    ids = {
        "client_id": client.pk,
        "contact_id": contact.pk,
        "template_id": template.pk,
        "source_id": source.pk,
        "post_id": mention.post_id,
        "mention_id": mention.pk,
        "member_id": owner.id,
        "key_id": key.pk,
    }
    return World(owner, {name: value for name, value in ids.items() if value is not None})


@pytest.fixture
def own(ana: Actor, clock: Clock) -> World:
    return _world(ana, "ownbrand", clock)


@pytest.fixture
def foreign(cleo: Actor, clock: Clock) -> World:
    return _world(cleo, CANARY, clock)


def test_every_url_is_guarded_or_open_for_a_reason() -> None:
    known = {door.route for door in guarded()}
    spelt = {route.replace("<slug:move>", "claim") for route, _ in routes()}
    assert {route for route in spelt if route not in known and not is_open(route)} == set()


@dataclass(frozen=True)
class Caller:
    """Somebody at the doors, and what they may do there; rights None: nobody."""

    name: str
    browser: Browser
    rights: frozenset[Right] | None
    token: str = ""

    def knock(self, door: Door, path: str, body: dict[str, Any]) -> Any:
        """The answer; what it did is undone."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        with transaction.atomic():
            if door.is_api:
                data = b"" if door.method in SAFE else orjson.dumps(body)
                answer = self.browser.generic(
                    door.method, path, data=data, content_type="application/json", headers=headers
                )
            else:
                answer = self.browser.generic(
                    door.method,
                    path,
                    data=b"version=1",
                    content_type="application/x-www-form-urlencoded",
                    headers=headers,
                )
            transaction.set_rollback(True)
        return answer


ACTORS = [*(f"member:{role}" for role in Role), *(f"key:{right}" for right in Right), "key:all", "anonymous"]


def _caller(name: str, own: World, ana: Actor, clock: Clock, request: pytest.FixtureRequest) -> Caller:
    kind, _, what = name.partition(":")
    browser = Browser(raise_request_exception=False)
    if kind == "anonymous":
        return Caller(name, browser, None)
    if kind == "key":
        rights = tuple(Right) if what == "all" else tuple({Right.READ, Right(what)})
        with tenant(ana.agency_id):
            _, token = make_key(name="k", rights=rights, expires_at=None, by=ana, now=clock.now)
        return Caller(name, browser, frozenset(rights), token)
    fixture = {"owner": "ana", "manager": "mara", "responder": "ben", "analyst": "ivo"}[what]
    actor: Actor = request.getfixturevalue(fixture)
    user = Membership.objects.select_related("user").get(pk=actor.id).user
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return Caller(name, browser, ROLE_RIGHTS[Role(what)])


def _bodies() -> dict[tuple[str, str], dict[str, Any]]:
    """(method, path of the document) → the example of its body."""
    found = {}
    described = orjson.loads(document("json"))
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                found[method.upper(), path] = dict(example["value"])
    return found


def _said(answer: Any) -> tuple[int, str, str]:
    text = SECRET.sub("*", answer.content.decode())
    return (
        answer.status_code,
        re.sub(r"\d+ (s|min|ms)\b", "*", text),
        SECRET.sub("*", answer.get("Location", "")),
    )


@pytest.mark.parametrize("name", ACTORS)
def test_nobody_crosses_an_agency_and_nobody_exceeds_their_rights(
    name: str, own: World, foreign: World, ana: Actor, clock: Clock, request: pytest.FixtureRequest
) -> None:
    caller = _caller(name, own, ana, clock, request)
    bodies = _bodies()
    wrong: list[str] = []
    knocks = 0
    for door in guarded():
        if caller.token and not door.is_api:
            continue
        body = bodies.get((door.method, re.sub(r"<\w+:(\w+)>", r"{\1}", "/" + door.route)), {"version": 1})
        answers = {
            whose: caller.knock(door, door.path(**ids), _filled(body, ids))
            for whose, ids in (
                ("own", own.ids),
                ("foreign", foreign.ids),
                ("random", dict.fromkeys(own.ids, uuid4())),
            )
        }
        knocks += len(answers)
        takes_ids = bool(door.names or NAMES.keys() & body.keys())
        flaws = _flaws(caller, door, answers, takes_ids=takes_ids)
        wrong += [f"{door.method} {door.route}: {flaw}" for flaw in flaws]
    sys.stdout.write(f"matrix: {name} {knocks} knocks, {len(wrong)} wrong\n")
    assert wrong == []


def _filled(body: dict[str, Any], ids: dict[str, UUID]) -> dict[str, Any]:
    """The body with its ids being these."""
    names = {"client": "client_id", "template": "template_id", "assignee": "member_id", "member": "member_id"}
    return {
        key: str(ids[names[key]]) if key in names and value is not None else value
        for key, value in body.items()
    }


def _flaws(caller: Caller, door: Door, answers: dict[str, Any], *, takes_ids: bool) -> Iterator[str]:
    for whose, answer in answers.items():
        if answer.status_code >= 500:
            yield f"{whose}: {answer.status_code}"
        if CANARY in answer.content.decode().lower():
            yield f"{whose}: tells of the other agency"
    own, foreign, random = (_said(answers[whose]) for whose in ("own", "foreign", "random"))
    if takes_ids and foreign != random:
        told = [line for line in ndiff(random[1].splitlines(), foreign[1].splitlines()) if line[0] in "+-"]
        yield f"foreign {foreign[0]} isn't like random {random[0]}: {told[:4]}"
    yield from _trespass(caller, door, own, {own[0], foreign[0], random[0]})
    if door.names and foreign[0] in range(200, 300):
        yield f"foreign: {foreign[0]}"


def _trespass(caller: Caller, door: Door, own: tuple[int, str, str], statuses: set[int]) -> Iterator[str]:
    """Where the door isn't held shut, or isn't open, as the caller's rights say."""
    if caller.rights is None:
        refused = {401} if door.is_api else {302, 303}
        if not statuses <= refused or (not door.is_api and "/accounts/login/" not in own[2]):
            yield f"anonymous gets {statuses}, {own[2]}"
    elif door.right is not None and door.right not in caller.rights:
        if statuses != {403}:
            yield f"without “{door.right}”: {statuses}"
    elif own[0] == 401 or (own[0] == 403 and not door.route.endswith(HELD)):
        yield f"with “{door.right}”: {own[0]}"

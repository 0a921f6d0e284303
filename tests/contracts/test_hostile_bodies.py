"""Whatever a field or a filter holds, the answer is one that the document describes, and never a failure."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actions.channels import add_channel
from agency.actions.webhooks.endpoints import add_endpoint
from agency.actor import Actor
from agency.models import Membership
from agency.tenancy import tenant
from clients.actions.calendars import create_calendar
from clients.models import CalendarVersion, Client, Contact, Template
from clients.opening import Opening
from mentions.actions.sources import add_source
from mentions.models import Mention
from tests.contracts.answers import described
from tests.contracts.callers import ANY_VERSION
from tests.contracts.world import tenant_models
from tests.fixtures import Api
from tests.fixtures import Clock as Held
from workflows.models import Clock

HOSTILE: list[Any] = [
    *(None, True, -1, 2**63 - 1, 1e308, "", "\x00", "a\x00\u202eb", "💥" * 2000, [], [[None]], ["\x00"]),
    *({}, {"": ""}, {"\x00": "\x00"}, {"url": {"a": [1]}}, "0513-10-31T14:30:59+19:11", "9999-12-31T23:59:59-23:59"),
    *("{author.__class__}", "{", "http://[::1"),
]  # fmt: skip
CURSORS = [
    [first, second]
    for first in (
        "s\x00",
        "s\ud800",
        "s" + "x" * 300,
        "t0001-01-01T00:00:00+23:59",
        "t9999-12-31T23:59:59-23:59",
    )
    for second in ("u0195677c-0a54-7000-8d2f-0f3c9a6b1e06", "u")
]
QUERY = ("", "\x00", "a,b,,", ",", "-1", "99999999999999999999", "ÿ", "💥", "%", "'\"", "me", "x" * 3000)


@pytest.fixture
def ids(
    ana: Actor, ben: Actor, brand: Client, dora: Contact, mention: Mention, clock: Held
) -> dict[str, str]:
    """What stands for the parameters of addresses."""
    with tenant(ana.agency_id):
        source = add_source(
            kind="feed", name="Forum", settings={"url": "https://forum.example/feed"}, client=None,
            every=timedelta(minutes=5), by=ana, now=clock.now,
        )  # fmt: skip
        opening = Opening(zone="UTC", week={0: [("09:00", "17:00")]})
        calendar = create_calendar(client=None, name="Office", opening=opening, by=ana, now=clock.now)
        hook = {"kind": "webhook", "takes": "all", "address": "https://hooks.example/earshot"}
        channel, _ = add_channel(name="Mine", **hook, by=ana, now=clock.now)
        room, _ = add_channel(name="All", **hook, room=True, by=ana, now=clock.now)
        # Where nobody listens: who has it tried is refused at once.
        webhook, _ = add_endpoint(
            name="Mine", url="http://127.0.0.1:8009/", types=[], clients=None, by=ana, now=clock.now
        )
        found = {
            "channel_id": channel.pk,
            "webhook_id": webhook.pk,
            "room_id": room.pk,
            "version_id": CalendarVersion.objects.get(calendar=calendar).pk,
            "client_id": brand.pk,
            "contact_id": dora.pk,
            "mention_id": mention.pk,
            "post_id": mention.post_id,
            "source_id": source.pk,
            "calendar_id": calendar.pk,
            "template_id": Template.objects.order_by("id")[0].pk,
            "member_id": Membership.objects.get(user__name="Ben").pk,
            "author_id": mention.post.author_id,
            "clock_id": Clock.objects.filter(mention=mention).order_by("id")[0].pk,
            # Of these there is none: hostile input finds nothing.
            **dict.fromkeys(
                (
                    "key_id",
                    "rota_id",
                    "override_id",
                    "block_id",
                    "erasure_id",
                    "export_id",
                    "identity_id",
                    "excuse_id",
                    "notice_id",
                    "approval_id",
                    "delivery_id",
                ),
                mention.pk,
            ),
        }
    return {name: str(value) for name, value in found.items()}


def calls(method: str, ids: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described()["paths"].items():
        if method in methods:
            yield path.format(**ids), methods[method]


def hostile(example: dict[str, Any]) -> Iterator[Any]:
    """The example with each of its fields, and of those inside it, replaced by each hostile value."""
    for name, value in example.items():
        for bad in HOSTILE:
            yield {**example, name: bad}
        if isinstance(value, dict):
            for inner in hostile(value):
                yield {**example, name: inner}


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_no_body_breaks_anything(
    api: Callable[..., Api], ana: Actor, ids: dict[str, str], method: str
) -> None:
    key, matching = api(ana), {"If-Match": ANY_VERSION} if method == "put" else {}
    for path, operation in calls(method, ids):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        example = content["examples"]["Example"]["value"]
        own = {"client": ids["client_id"], "assignee": ids["member_id"], "clock": ids["clock_id"]}
        example |= {name: own[name] for name in own if example.get(name)}
        for body in hostile(example):
            assert key.call(method.upper(), path, body, **matching).status_code < 500


def test_no_filter_breaks_anything(api: Callable[..., Api], ana: Actor, ids: dict[str, str]) -> None:
    key = api(ana)
    for path, operation in calls("get", ids):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                for value in QUERY:
                    assert key.get(f"{path}?{parameter['name']}={quote(value)}").status_code < 500


def test_no_cursor_breaks_anything(api: Callable[..., Api], ana: Actor, ids: dict[str, str]) -> None:
    key = api(ana)
    for path, operation in calls("get", ids):
        if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", [])):
            for parts in CURSORS:
                cursor = urlsafe_b64encode(json.dumps(parts).encode()).decode()
                assert key.get(f"{path}?cursor={cursor}").status_code < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def rows() -> int:
    """Of all tables of ours, but the notes of a key's use."""
    tables = [model._meta.db_table for model in tenant_models() if model._meta.db_table != "agency_apikey"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + " + ".join(f'(SELECT count(*) FROM "{table}")' for table in tables))
        return int(cursor.fetchone()[0])


@settings(max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
def test_what_is_refused_leaves_nothing_behind(
    api: Callable[..., Api], ana: Actor, ids: dict[str, str], drawn: st.DataObject
) -> None:
    method = drawn.draw(st.sampled_from(["post", "put", "patch"]))
    taking = [(path, op) for path, op in calls(method, ids) if "application/json" in _content(op)]
    path, operation = drawn.draw(st.sampled_from(taking))
    example = _content(operation)["application/json"]["examples"]["Example"]["value"]
    field = drawn.draw(st.sampled_from([*example, "extra"]))
    body = {**example, field: drawn.draw(JSON)}
    key = api(ana)
    with tenant(ana.agency_id):
        before = rows()
    answer = key.call(method.upper(), path, body, **{"If-Match": ANY_VERSION} if method == "put" else {})
    assert answer.status_code < 500
    if answer.status_code >= 400:
        with tenant(ana.agency_id):
            assert rows() == before


def _content(operation: dict[str, Any]) -> dict[str, Any]:
    return dict(operation.get("requestBody", {}).get("content", {}))

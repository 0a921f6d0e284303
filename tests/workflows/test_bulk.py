"""Several mentions in one call: each by itself, told one by one."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.models import AuditEntry, Event, Membership
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import commit_checks, make_mention
from workflows.actions.bulk import one_by_one
from workflows.actions.moves import claim_mention

BULK = "/api/v1/mentions/bulk/"


def one(mention_id: Any, version: int = 1, **more: Any) -> dict[str, Any]:
    return {"mention": str(mention_id), "version": version, **{name: str(pk) for name, pk in more.items()}}


def told(answer: Any) -> list[tuple[str, int | None, str | None]]:
    assert answer.status_code == 200, answer.content
    return [
        (row["mention"], row["version"], row["problem"] and row["problem"]["code"])
        for row in answer.json()["results"]
    ]


@pytest.fixture
def four(brand: Client, clock: Clock) -> list[str]:
    with tenant(brand.agency_id):
        return [str(make_mention(brand, now=clock.advance(minutes=1)).pk) for _ in range(4)]


def test_what_can_not_be_claimed_leaves_the_others_claimed(
    api: Callable[..., Api], ben: Actor, ana: Actor, cleo: Actor, four: list[str], clock: Clock
) -> None:
    with tenant(ana.agency_id):
        claim_mention(UUID(four[1]), by=ana, seen=1, now=clock.now)
    key, absent = api(ben), str(uuid4())
    wanted = [one(four[3]), one(four[1]), one(absent), one(four[0], 7), one(four[2])]
    answer = key.post(f"{BULK}claim/", {"mentions": wanted})
    assert told(answer) == [
        (four[3], 2, None),
        (four[1], None, "mention_moved_on"),
        (absent, None, "not_found"),
        (four[0], None, "mention_moved_on"),
        (four[2], 2, None),
    ]
    with tenant(ana.agency_id):
        claimed = Mention.objects.filter(assignee_id=ben.id).values_list("pk", flat=True)
        assert {str(pk) for pk in claimed} == {four[2], four[3]}
        assert Event.objects.filter(type="mention.claimed").count() == 3
        assert AuditEntry.objects.filter(action="mention.claimed").count() == 3
        commit_checks()
    # Each problem is what the call for one says.
    rows = answer.json()["results"]
    single = key.post(f"/api/v1/mentions/{four[1]}/claim/", {"version": 1})
    assert {**single.json(), "request_id": ""} == {**rows[1]["problem"], "request_id": ""}
    assert rows[1]["problem"]["request_id"] == answer.headers["X-Request-ID"]


def test_another_agency_s_mentions_look_absent(api: Callable[..., Api], cleo: Actor, four: list[str]) -> None:
    key, random = api(cleo), str(uuid4())
    for path, more in (
        ("claim", {}),
        ("dismiss", {"reason": "spam"}),
        ("assign", {"assignee": str(cleo.id)}),
    ):
        answer = key.post(f"{BULK}{path}/", {"mentions": [one(four[0]), one(random)], **more})
        assert told(answer) == [(four[0], None, "not_found"), (random, None, "not_found")]


def test_they_are_handed_to_one_or_each_to_its_own(
    api: Callable[..., Api], ana: Actor, ben: Actor, ivo: Actor, mara: Actor, four: list[str]
) -> None:
    key = api(ana)
    key.post(f"{BULK}claim/", {"mentions": [one(four[0]), one(four[1], assignee=ben.id), one(four[2])]})
    handed = key.post(
        f"{BULK}assign/",
        {
            "mentions": [
                one(four[0], 2),
                one(four[1], 2, assignee=mara.id),
                one(four[2], 2, assignee=ivo.id),
                one(four[3]),
            ],
            "assignee": str(ben.id),
        },
    )
    assert told(handed) == [
        (four[0], 3, None),
        (four[1], 3, None),
        (four[2], None, "invalid"),
        (four[3], None, "move_not_possible"),
    ]
    assert handed.json()["results"][2]["problem"]["errors"][0]["pointer"] == "/assignee"
    with tenant(ana.agency_id):
        holders = dict(Mention.objects.values_list("pk", "assignee_id"))
    assert [holders[UUID(pk)] for pk in four] == [ben.id, mara.id, ana.id, None]


def test_they_are_dismissed_with_one_reason(api: Callable[..., Api], ben: Actor, four: list[str]) -> None:
    answer = api(ben).post(
        f"{BULK}dismiss/", {"mentions": [one(pk) for pk in four], "reason": "duplicate", "note": "A storm."}
    )
    assert [version for _, version, _ in told(answer)] == [2] * 4
    rows = api(ben).get("/api/v1/mentions/?state=dismissed&fields=dismiss_reason").json()["results"]
    assert rows == [{"dismiss_reason": "duplicate"}] * 4


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/mentions"),
        ({"mentions": []}, "/mentions"),
        ({"mentions": "all"}, "/mentions"),
        ({"mentions": [one(uuid4()) for _ in range(101)]}, "/mentions"),
        ({"mentions": [{"mention": str(UUID(int=7))}]}, "/mentions/0/version"),
        ({"mentions": [one(UUID(int=7)), one("x")]}, "/mentions/1/mention"),
        ({"mentions": [one(UUID(int=7)), one(UUID(int=8)), one(UUID(int=7), 2)]}, "/mentions/2/mention"),
        ({"mentions": [{**one(UUID(int=7)), "colour": 1}]}, "/mentions/0/colour"),
        ({"mentions": [one(UUID(int=7))], "colour": 1}, "/colour"),
        ({"mentions": [one(UUID(int=7))], "assignee": "me"}, "/assignee"),
    ],
    ids=[
        "nothing",
        "none",
        "words",
        "many",
        "unseen",
        "no id",
        "twice",
        "unknown",
        "unknown above",
        "nobody",
    ],
)
def test_a_body_that_makes_no_sense_does_nothing(
    api: Callable[..., Api], ben: Actor, body: dict[str, Any], pointer: str
) -> None:
    refused = api(ben).post(f"{BULK}claim/", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_whom_they_are_handed_to_must_be_said(api: Callable[..., Api], ben: Actor) -> None:
    mentions = [one(UUID(int=7), assignee=ben.id), one(UUID(int=8))]
    refused = api(ben).post(f"{BULK}assign/", {"mentions": mentions})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/mentions/1/assignee")


def test_who_only_reads_does_nothing(api: Callable[..., Api], ivo: Actor, four: list[str]) -> None:
    assert api(ivo).post(f"{BULK}claim/", {"mentions": [one(four[0])]}).status_code == 403


def test_who_works_for_some_clients_finds_only_theirs(
    api: Callable[..., Api], ana: Actor, ben: Actor, four: list[str], clock: Clock
) -> None:
    with tenant(ana.agency_id):
        fennel = create_client(name="Fennel", time_zone="UTC", language="en", by=ana, now=clock.now)
        theirs = str(make_mention(fennel, now=clock.now).pk)
    key = api(ben)
    Membership.objects.filter(pk=ben.id).update(client_ids=[fennel.pk])
    answer = key.post(f"{BULK}claim/", {"mentions": [one(four[0]), one(theirs)]})
    assert told(answer) == [(four[0], None, "not_found"), (theirs, 2, None)]


def test_sent_again_with_its_key_it_is_done_once(
    api: Callable[..., Api], ben: Actor, four: list[str]
) -> None:
    key, body = api(ben), {"mentions": [one(pk) for pk in four[:2]]}
    first, again = (key.post(f"{BULK}claim/", body, **{"Idempotency-Key": "bulk-1"}) for _ in range(2))
    assert told(first) == told(again) == [(pk, 2, None) for pk in four[:2]]


def test_each_mention_costs_the_same(
    api: Callable[..., Api], ben: Actor, brand: Client, clock: Clock
) -> None:
    key = api(ben)
    key.get("/api/v1/me/")  # the first use of a key in a minute is noted
    taken = []
    for count in (3, 4, 8):
        with tenant(brand.agency_id):
            made = [make_mention(brand, now=clock.now).pk for _ in range(count)]
        with CaptureQueriesContext(connection) as asked:
            told(key.post(f"{BULK}claim/", {"mentions": [one(pk) for pk in made]}))
        taken.append(len(asked))
    assert (taken[2] - taken[1]) == 4 * (taken[1] - taken[0])
    assert taken[1] - taken[0] <= 30


def test_two_who_mean_the_same_mentions_do_not_wait_for_each_other(committed: None, clock: Clock) -> None:
    """Given in opposite orders, over and over: each mention has one winner, and nobody is told of a deadlock."""
    from tests.fixtures import _member, _open  # noqa: PLC0415

    agency, ana = _open("Northlight", "ana@northlight.example", "Ana", clock.now)
    ben = _member(ana, "Ben", "responder", clock.now)
    with tenant(agency.pk):
        brand = create_client(name="Brightwater", time_zone="UTC", language="en", by=ana, now=clock.now)
        made = [make_mention(brand, now=clock.now).pk for _ in range(12)]
    won: dict[str, int] = {}
    start = threading.Barrier(2)

    def work(actor: Actor, order: list[UUID]) -> None:
        try:
            start.wait()
            with tenant(agency.pk):
                outcomes = one_by_one(
                    [(pk, None) for pk in order],
                    lambda pk, _: claim_mention(pk, by=actor, seen=1, now=clock.now),
                )
            assert {type(o.error).__name__ for o in outcomes} <= {"NoneType", "MentionMovedOn"}, outcomes
            won[actor.name] = sum(outcome.error is None for outcome in outcomes)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=work, args=pair) for pair in ((ana, made), (ben, list(reversed(made))))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won.values()) == 12
    assert len(won) == 2

"""A receiver that fails 30 % and hangs 10 %, workers and sweepers killed -9: every event is delivered, and verifies.

uv run python -m tests.chaos webhooks [--quick | --short]

Real Celery workers, real sweepers, a real Valkey and PostgreSQL. The schedule of retries is the usual one, run faster by
the setting that there is for it (EARSHOT_WEBHOOK_HASTE). What was given up after ten attempts is sent again by a replay.
"""

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections

from agency import clock
from agency.actions.events import emit_many, make_event
from agency.actions.webhooks.endpoints import add_endpoint
from agency.actions.webhooks.replays import begin_replay
from agency.actor import Actor
from agency.models import Membership, WebhookEndpoint
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from tests.benchmarks.ground import say, tell
from tests.chaos.receiver import Message, Receiver
from tests.chaos.sweepers import Sweepers
from tests.chaos.workers import Workers
from workflows.actions.onboarding import open_agency

SECONDS, HASTE = 1, 3000
EVERY = 2.0
PATIENCE = 420.0


@dataclass(frozen=True)
class Size:
    events: int
    agencies: int
    endpoints: int  # of each agency
    workers: int


SIZES = {"whole": Size(1200, 2, 3, 3), "quick": Size(360, 2, 2, 3), "short": Size(20, 1, 2, 1)}


@dataclass
class Place:
    """An agency with its endpoints, and the events that they are to get."""

    owner: Actor
    endpoints: dict[str, WebhookEndpoint]
    events: set[str]


def run(owner_url: str, size: str) -> bool:
    wanted = SIZES[size]
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EARSHOT_LOG_LEVEL": "ERROR",
        "EARSHOT_WEBHOOK_SECONDS": str(SECONDS),
        "EARSHOT_WEBHOOK_HASTE": str(HASTE),
    }
    begun, now = time.monotonic(), clock.now()
    with (
        Receiver(hang_seconds=SECONDS + 1.0) as receiver,
        psycopg.connect(owner_url, autocommit=True) as owner,
    ):
        places = [_open(n, receiver, wanted.endpoints, now) for n in range(wanted.agencies)]
        sweepers = Sweepers(2, env=env, warm=True)
        workers = Workers(wanted.workers, queues="deliver,webhooks,default", concurrency=3, env=env)
        with sweepers, workers:
            workers.await_one(PATIENCE)
            _tell_all(places, wanted.events // wanted.agencies)
            _kill_until_settled(owner, sweepers, workers)
            again = _replay(owner, places, now)
            _kill_until_settled(owner, sweepers, workers)
        _tell_what_never_came(owner, places, receiver.got)
    findings = _judge(places, receiver.got)
    return _report(
        findings, receiver, wanted, workers.killed + sweepers.killed, again, time.monotonic() - begun
    )


def _open(n: int, receiver: Receiver, endpoints: int, now: datetime) -> Place:
    agency, member = open_agency(
        name=f"Agency {n}",
        time_zone="UTC",
        owner_email=f"ana@agency{n}.example",
        owner_name="Ana",
        now=now,
        invite=False,
    )
    ana = actor_of_member(Membership.objects.select_related("user").get(pk=member.pk))
    place = Place(ana, {}, set())
    with tenant(agency.pk):
        for k in range(endpoints):
            path = f"/{n}/{k}"
            place.endpoints[path], receiver.secrets[path] = add_endpoint(
                name=path, url=receiver.url(path), types=["member.added"], clients=None, by=ana, now=now
            )
    return place


def _tell_all(places: list[Place], each: int) -> None:
    for place in places:
        left = each
        while left:
            some = min(left, 20)
            with tenant(place.owner.agency_id):
                member, now = Membership.objects.get(pk=place.owner.id), clock.now()
                events = [
                    make_event("member.added", subject=member, now=now, data={"role": "analyst"})
                    for _ in range(some)
                ]
                emit_many(events)
            place.events |= {str(event.pk) for event in events}
            left -= some
    connections.close_all()


def _kill_until_settled(owner: psycopg.Connection[Any], sweepers: Sweepers, workers: Workers) -> None:
    deadline = time.monotonic() + PATIENCE
    time.sleep(EVERY)
    while time.monotonic() < deadline and (left := _open_ones(owner)):
        time.sleep(EVERY)
        workers.kill_one()
        if workers.killed % 3 == 2:
            sweepers.kill_one()
        if workers.killed % 10 == 9:
            tell(f"{left} deliveries are open after {workers.killed} kills")


def _open_ones(owner: psycopg.Connection[Any]) -> int:
    row = owner.execute(
        "SELECT (SELECT count(*) FROM agency_webhookdelivery WHERE state IN ('pending', 'sending'))"
        " + (SELECT count(*) FROM agency_webhookreplay WHERE state = 'running')"
    ).fetchone()
    return int(row[0]) if row else 0


def _replay(owner: psycopg.Connection[Any], places: list[Place], since: datetime) -> int:
    """What ten attempts didn't bring is asked for again, as a person would."""
    again = 0
    for place in places:
        for endpoint in place.endpoints.values():
            row = owner.execute(
                "SELECT count(*) FROM agency_webhookdelivery WHERE endpoint_id = %s AND state = 'failed'",
                [endpoint.pk],
            ).fetchone()
            if row and row[0]:
                again += row[0]
                _ask_again(place.owner, endpoint.pk, since)
    connections.close_all()
    return again


def _ask_again(by: Actor, endpoint_id: UUID, since: datetime) -> None:
    with tenant(by.agency_id):
        endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
        begin_replay(
            endpoint,
            since=since - timedelta(hours=1),
            until=None,
            types=[],
            which="undelivered",
            by=by,
            now=clock.now(),
        )


# Judging -----------------------------------------------------------------------------------------------


@dataclass
class Findings:
    expected: int = 0
    delivered: int = 0
    lost: int = 0
    foreign: int = 0
    twice: int = 0
    messages: int = 0
    verified: int = 0


def _judge(places: list[Place], got: list[Message]) -> Findings:
    found = Findings(messages=len(got))
    for place in places:
        for path in place.endpoints:
            taken = Counter(m.headers["webhook-id"] for m in got if m.path == path and m.taken)
            found.expected += len(place.events)
            found.delivered += len(taken.keys() & place.events)
            found.lost += len(place.events - taken.keys())
            found.foreign += len(taken.keys() - place.events)
            found.twice += sum(count > 1 for count in taken.values())
    found.verified = sum(message.verified for message in got)
    return found


def _tell_what_never_came(owner: psycopg.Connection[Any], places: list[Place], got: list[Message]) -> None:
    """What is known here of deliveries that the receiver never took, and of messages that don't verify."""
    for place in places:
        for path, endpoint in place.endpoints.items():
            taken = {
                message.headers["webhook-id"] for message in got if message.path == path and message.taken
            }
            for row in owner.execute(
                "SELECT event_id, state, error, tries, array(SELECT (at, status, error) FROM agency_webhookattempt AS a"
                " WHERE a.delivery_id = d.id ORDER BY n) FROM agency_webhookdelivery AS d"
                " WHERE endpoint_id = %s AND event_id = ANY(%s::uuid[])",
                [endpoint.pk, [*(place.events - taken)]],
            ):
                tell(f"never came to {path}: {row}")
    for message in got:
        if not message.verified:
            tell(f"doesn't verify at {message.path}: {message.headers} {message.body!r}")


def _report(
    found: Findings, receiver: Receiver, wanted: Size, kills: int, again: int, seconds: float
) -> bool:
    all_there = found.delivered == found.expected and not found.lost and not found.foreign
    good = all_there and found.verified == found.messages and not receiver.forged
    say(
        "chaos.webhooks.delivered",
        found.delivered,
        "deliveries",
        limit=found.expected,
        target=1,
        at_least=True,
    )
    for name in ("lost", "foreign"):
        say(f"chaos.webhooks.{name}", getattr(found, name), "deliveries", limit=found.expected, target=0)
    say("chaos.webhooks.forged", receiver.forged, "messages", limit=receiver.mutated, target=0)
    say("chaos.webhooks.verified", found.verified, "messages", limit=found.messages, target=1, at_least=True)
    did = receiver.did
    told = (
        f"chaos: {wanted.events:,} events to {wanted.endpoints} webhooks of each of {wanted.agencies} agencies, {kills} kills -9 of"
        f" workers and sweepers in {seconds:.0f} s; the receiver took {did['taken']:,} of {found.messages:,} messages,"
        f" failed {did['error'] + did['reset'] + did['half']:,} and hung at {did['hang']:,}:"
        f" {found.delivered:,} of {found.expected:,} deliveries arrived, {found.lost} lost, {found.foreign} foreign,"
        f" {found.twice} came more than once, {again} after a replay; {found.verified:,} of {found.messages:,} signatures verify,"
        f" {receiver.forged} of {receiver.mutated:,} mutated ones do; load {os.getloadavg()[0]:.1f}"
    )
    sys.stdout.write(told + "\n")
    return good

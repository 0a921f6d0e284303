"""Real clocks of real mentions, whose steps fall due over the next half a minute; and what must have become of them."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg

STEPS = {"warn_50": 50, "warn_75": 75, "warn_90": 90, "breach": 100}
AT_ONCE = 25  # mentions of one intake


@dataclass(frozen=True)
class Findings:
    """What went wrong, and how much there was to go right."""

    expected: int
    fired: int
    twice: int
    missing: int
    early: int
    wrong: int
    left: int

    @property
    def flawless(self) -> bool:
        return self.fired == self.expected and not any(
            (self.twice, self.missing, self.early, self.wrong, self.left)
        )


def make_timers(owner: psycopg.Connection[Any], count: int, *, over: float, agencies: int) -> None:
    """`count` clocks, two a mention, with steps that fall due within `over` seconds after it, at any microsecond."""
    from agency import clock  # noqa: PLC0415  (Django is set up by now)

    houses = [_house(number) for number in range(agencies)]
    for client in (client for _, clients in houses for client in clients):
        _promise(owner, client, over)
    mentions = count // 2
    for number in range(0, mentions, AT_ONCE):
        agency, clients = houses[number // AT_ONCE % len(houses)]
        _take_in(agency, random.choice(clients), number, min(AT_ONCE, mentions - number), clock.now())  # noqa: S311


def _house(number: int) -> tuple[UUID, list[Any]]:
    from agency import clock  # noqa: PLC0415
    from agency.actor import system  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from clients.actions.clients import create_client  # noqa: PLC0415
    from workflows.actions.onboarding import open_agency  # noqa: PLC0415

    agency, _ = open_agency(
        name=f"Agency {number}",
        time_zone="UTC",
        owner_email=f"owner{number}@agency.example",
        owner_name="Ana",
        now=clock.now(),
        invite=False,
    )
    with tenant(agency.pk):
        by = system(agency.pk)
        return agency.pk, [
            create_client(name=f"Client {n}", time_zone="UTC", language="en", by=by, now=clock.now())
            for n in range(4)
        ]


def _promise(owner: psycopg.Connection[Any], client: Any, over: float) -> None:
    """A policy of the client's own with targets of seconds, which no form would take: copied from the agency's."""
    with owner.transaction():
        ((policy,),) = owner.execute(
            "INSERT INTO clients_slapolicy SELECT (jsonb_populate_record(policy, jsonb_build_object("
            "'id', gen_random_uuid(), 'client_id', %s::uuid))).* FROM clients_slapolicy AS policy"
            " WHERE agency_id = %s AND client_id IS NULL AND current RETURNING id",
            [client.pk, client.agency_id],
        ).fetchall()
        for kind, least in (("claim", 0.1), ("respond", 0.4), ("decide", 0.4)):
            # In tenths of a millisecond, so that each per cent of it is a whole number of microseconds.
            target = timedelta(milliseconds=round(random.uniform(least, 0.9) * over * 10_000) / 10)  # noqa: S311
            owner.execute(
                "INSERT INTO clients_slatarget SELECT (jsonb_populate_record(one, jsonb_build_object("
                "'id', gen_random_uuid(), 'policy_id', %s::uuid, 'target', %s::interval))).*"
                " FROM clients_slatarget AS one JOIN clients_slapolicy AS policy ON policy.id = one.policy_id"
                " WHERE policy.agency_id = %s AND policy.client_id IS NULL AND policy.current AND one.kind = %s",
                [policy, target, client.agency_id, kind],
            )


def _take_in(agency: UUID, client: Any, first: int, count: int, now: datetime) -> None:
    from agency.tenancy import tenant  # noqa: PLC0415
    from mentions.models import Mention, Post  # noqa: PLC0415
    from workflows.actions.intake import intake  # noqa: PLC0415

    with tenant(agency):
        posts = [
            Post(
                platform="feed",
                key=f"k{number}",
                key_hash=hashlib.sha256(str(number).encode()).hexdigest(),
                url=f"https://forum.example/{number}",
                title="Closed again",
                text=f"Closed again at nine, for the time number {number}.",
                text_hash=hashlib.sha256(str(number).encode()).hexdigest(),
                published_at=now - timedelta(minutes=1),
                seen_at=now,
            )
            for number in range(first, first + count)
        ]
        Post.objects.bulk_create(posts)
        mentions = [
            Mention(client=client, post=post, matched=["x"], published_at=post.published_at, recorded_at=now)
            for post in posts
        ]
        Mention.objects.bulk_create(mentions)
        intake(mentions, now=now)


# Judging --------------------------------------------------------------------------------------------------

LINES = "SELECT clock_id, step, at, recorded_at FROM workflows_clockevent WHERE kind = 'fire'"
TOLD = """
SELECT clock.id, event.data ->> 'step', (event.data ->> 'at')::timestamptz, event.at
  FROM agency_event AS event
  JOIN workflows_clock AS clock ON clock.mention_id = event.subject_id AND clock.kind = event.data ->> 'kind'
       AND clock.instance = (event.data ->> 'instance')::int
 WHERE event.type IN ('mention.sla_warning', 'mention.sla_breached')
   AND (event.type = 'mention.sla_breached') = (event.data ->> 'step' = 'breach')
"""
STATE = """
SELECT count(*) FROM workflows_clock AS clock JOIN mentions_mention AS mention ON mention.id = clock.mention_id
 WHERE clock.fired <> '{warn_50,warn_75,warn_90,breach}' OR clock.next_fire_at IS NOT NULL OR NOT mention.breached
    OR clock.breached_at IS DISTINCT FROM clock.started_at + clock.target
"""


def still_due(owner: psycopg.Connection[Any]) -> int:
    """Alarms of clocks that have yet to ring."""
    return number(owner, "SELECT count(*) FROM agency_alarm WHERE kind = 'clock.due'")


def number(owner: psycopg.Connection[Any], query: LiteralString) -> int:
    """What a query that answers with one number answers."""
    ((found,),) = owner.execute(query).fetchall()
    return int(found)


def judge(owner: psycopg.Connection[Any]) -> Findings:
    """Held against what each clock's start and target say, by nothing of the engine's own arithmetic."""
    wanted = {
        (clock, step): started + target * share / 100
        for clock, started, target in owner.execute("SELECT id, started_at, target FROM workflows_clock")
        for step, share in STEPS.items()
    }
    twice = missing = early = wrong = 0
    fired = set(wanted)
    for rows in (list(owner.execute(LINES)), list(owner.execute(TOLD))):
        seen = Counter((clock, step) for clock, step, _, _ in rows)
        twice += sum(count - 1 for count in seen.values())
        missing += len(wanted.keys() - seen.keys())
        wrong += sum(wanted.get((clock, step)) != at for clock, step, at, _ in rows)
        early += sum(too_soon(step, at, recorded) for _, step, at, recorded in rows)
        fired &= seen.keys()
    wrong += number(owner, STATE)
    return Findings(len(wanted), len(fired), twice, missing, early, wrong, still_due(owner))


def too_soon(step: str, at: datetime, recorded: datetime) -> bool:
    """A deadline itself is met: a breach is one only after it."""
    return recorded <= at if step == "breach" else recorded < at


def lateness(owner: psycopg.Connection[Any]) -> Iterator[float]:
    """Milliseconds of each step."""
    for (late,) in owner.execute(
        f"SELECT extract(epoch FROM recorded_at - at) * 1000 FROM ({LINES}) AS line"
    ):
        yield float(late)

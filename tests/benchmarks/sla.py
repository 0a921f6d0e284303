"""Service levels: what a sweep costs as the open clocks grow, how late it is, and how fast calendars count.

uv run python -m tests.benchmarks.sla [--quick]

The limit of a sweep is one bare SQL statement that does the same writes, run in turns with it: it locks the alarms that
are due and their mentions, writes the lines, the events and the breaches, moves the clocks and sets or clears the alarms.
It knows no calendar and works nothing out; what it writes is what ours had worked out. The agency's ladder is the usual
one and nobody has the mentions, so neither side escalates: ours reads the ladder and finds nothing to do.

Each size has a database of its own, and all take turns, so that the load of the machine is the same for all of them.
"""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Composed, Identifier

from tests import servers
from tests.benchmarks import calendars, lateness
from tests.benchmarks.ground import Ground, ground, say, tell

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (10_000, 20_000)
DUE = 1000
TURNS = 20
# A Wednesday noon, when the office of the calendar is open.
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
TARGET = timedelta(hours=1)
CLIENTS = 200

FILL = """
WITH made AS MATERIALIZED (
    SELECT i, uuidv7() AS mention, uuidv7() AS clock,
           -- Those that are due lie evenly among the others.
           CASE WHEN i %% %(stride)s < %(groups)s THEN i %% %(stride)s END AS turn,
           (i / %(stride)s) %% 4 AS step
      FROM generate_series(0, %(count)s - 1) AS i
), clocks AS MATERIALIZED (
    SELECT made.*, client.id AS client, post.id AS post,
           CASE WHEN i %% 2 = 0 THEN %(calendar)s END::uuid AS calendar,
           coalesce(%(noon)s + turn * interval '1 second'
                             - (ARRAY[interval '30 min', interval '45 min', interval '54 min', interval '60 min'])[step + 1],
                    %(noon)s + interval '1 day' + i * interval '1 ms') AS since
      FROM made
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM clients_client) AS client
        ON client.place = i %% %(clients)s
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM mentions_post) AS post
        ON post.place = i / %(clients)s
), rows AS MATERIALIZED (
    SELECT *, coalesce(since + (ARRAY[interval '30 min', interval '45 min', interval '54 min',
                                      interval '60 min 0.000001 s'])[step + 1],
                       since + interval '30 min') AS look,
           CASE WHEN turn IS NULL THEN '{{}}' ELSE (ARRAY['warn_50', 'warn_75', 'warn_90'])[:step] END AS told
      FROM clocks ORDER BY i
), mentions AS (
    INSERT INTO mentions_mention ({mention_columns}) SELECT {mentions} FROM rows, like_mention AS pattern
), lines AS (
    INSERT INTO workflows_clockevent (id, agency_id, clock_id, n, kind, step, at, recorded_at, target, calendar_id)
    SELECT uuidv7(), %(agency)s, clock, 1, 'start', '', since, since, interval '1 hour', calendar FROM rows
), alarms AS (
    INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
    SELECT uuidv7(), %(agency)s, 'clock.due', clock, look, 0, '' FROM rows
)
INSERT INTO workflows_clock ({clock_columns}) SELECT {clocks} FROM rows, like_clock AS pattern
"""
# What isn't as in the pattern's row.
MENTION = {
    "id": "mention",
    "client_id": "client",
    "post_id": "post",
    "published_at": "since",
    "recorded_at": "since",
    "due_at": "since + interval '1 hour'",
    "urgency_at": "since + interval '1 hour'",
    "due_kind": "'respond'",
}
CLOCK = {
    "id": "clock",
    "mention_id": "mention",
    "calendar_id": "calendar",
    "target": "interval '1 hour'",
    "started_at": "since",
    "running_since": "since",
    "due_at": "since + interval '1 hour'",
    "next_fire_at": "look",
    "fired": "told",
}
PATTERNS = (
    "CREATE TABLE like_mention AS SELECT * FROM mentions_mention",
    "CREATE TABLE like_clock AS SELECT * FROM workflows_clock WHERE kind = 'respond'",
)

BARE = """
WITH due AS MATERIALIZED (
    SELECT id, subject_id FROM agency_alarm WHERE due_at <= %(now)s ORDER BY due_at LIMIT 1000 FOR UPDATE SKIP LOCKED
), locked AS MATERIALIZED (
    SELECT due.id AS alarm_id, clock.id AS clock_id, clock.kind, clock.instance, clock.lines, clock.next_fire_at AS at,
           (ARRAY['warn_50', 'warn_75', 'warn_90', 'breach'])[cardinality(clock.fired) + 1] AS step,
           clock.running_since + (ARRAY[interval '45 min', interval '54 min', interval '60 min 0.000001 s']
                                 )[cardinality(clock.fired) + 1] AS next_at,
           mention.id AS mention_id, mention.client_id
      FROM due
      JOIN workflows_clock AS clock ON (clock.agency_id, clock.id) = (%(agency)s, due.subject_id)
      JOIN mentions_mention AS mention ON (mention.agency_id, mention.id) = (clock.agency_id, clock.mention_id)
       FOR NO KEY UPDATE OF mention SKIP LOCKED
), lines AS (
    INSERT INTO workflows_clockevent (id, agency_id, clock_id, n, kind, step, at, recorded_at)
    SELECT uuidv7(), %(agency)s, clock_id, lines + 1, 'fire', step, at, %(now)s FROM locked
), told AS (
    INSERT INTO agency_event (id, agency_id, at, type, subject_type, subject_id, client_id, data)
    SELECT uuidv7(), %(agency)s, %(now)s,
           CASE step WHEN 'breach' THEN 'mention.sla_breached' ELSE 'mention.sla_warning' END, 'mention', mention_id,
           client_id, jsonb_build_object('kind', kind, 'instance', instance, 'step', step, 'at', at)
      FROM locked
), broken AS (
    UPDATE mentions_mention AS mention SET breached = true FROM locked
     WHERE locked.step = 'breach' AND mention.agency_id = %(agency)s AND mention.id = locked.mention_id
), moved AS (
    UPDATE workflows_clock AS clock
       SET fired = clock.fired || ARRAY[locked.step]::varchar[], lines = clock.lines + 1,
           next_fire_at = locked.next_at,
           breached_at = CASE WHEN step = 'breach' THEN locked.at END
      FROM locked WHERE clock.agency_id = %(agency)s AND clock.id = locked.clock_id
), again AS (
    UPDATE agency_alarm AS alarm SET due_at = locked.next_at, failures = 0, last_error = ''
      FROM locked WHERE alarm.id = locked.alarm_id AND locked.step <> 'breach'
)
DELETE FROM agency_alarm AS alarm USING locked WHERE alarm.id = locked.alarm_id AND locked.step = 'breach'
"""


@dataclass(slots=True)
class _Field:
    """A database with so many open clocks, how far its due ones are swept, and what the turns took."""

    size: int
    superuser: psycopg.Connection
    owner: psycopg.Connection
    app: BaseDatabaseWrapper
    group: int = 0
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def groups(self) -> int:
        return min(self.size // DUE, 2 * (TURNS + 1))


def main() -> int:
    with ground(__doc__ or "") as here:
        met = [calendars.measure(quick=here.quick), lateness.measure(here), *_sweeps(here)]
    return 0 if all(met) else 1


def _sweeps(here: Ground) -> list[bool]:
    agency_id, calendar_id = _open_agency()
    with ExitStack() as stack:
        fields = _fields(here, stack)
        for one in fields:
            _fill(one, agency_id, calendar_id)
        tell(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
        turns = TURNS // 2 if here.quick else TURNS
        while left := [one for one in fields if len(one.bare) < turns]:
            for one in left:
                if one.group + 2 > one.groups:
                    _fill(one, agency_id, calendar_id)
                _turn(one, agency_id)
        for one in fields:
            _check(one)
    met = []
    for one in fields:
        ours, bare = sorted(one.ours), sorted(one.bare)
        tell(f"{one.size}: ours {[round(t) for t in ours]}, bare {[round(t) for t in bare]}")
        met.append(say(f"sla.sweep.{one.size}", median(ours), "ms", limit=median(bare), target=2))
    tell(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    growth = say("sla.sweep.growth", median(fields[-1].ours), "ms", limit=median(fields[0].ours), target=1.3)
    return [*met, growth]


def _fields(here: Ground, stack: ExitStack) -> list[_Field]:
    connections["default"].close()
    parts = conninfo_to_dict(here.owner_url)
    server = os.environ["EARSHOT_TEST_SUPERUSER"]
    fields = []
    for size in QUICK_SIZES if here.quick else SIZES:
        name = f"clocks_{size}"
        with psycopg.connect(server, autocommit=True) as superuser:
            superuser.execute(
                SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    Identifier(name), Identifier(str(parts["dbname"]))
                )
            )
        superuser, owner = (
            stack.enter_context(psycopg.connect(servers.at(address, name), autocommit=True))
            for address in (server, here.owner_url)
        )
        # As the sweep has it, so that both find rows by their keys.
        owner.execute("SET random_page_cost = 1.1")
        # What refers to what is right by the way that it is made.
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("SET work_mem = '256MB'")
        for pattern in PATTERNS:
            superuser.execute(pattern)
        app = type(connections["default"])({**connections["default"].settings_dict, "NAME": name}, "default")
        stack.callback(app.close)
        fields.append(_Field(size, superuser, owner, app))
    return fields


def _open_agency() -> tuple[UUID, UUID]:
    """An agency with clients, posts, a calendar, and a mention whose rows are the pattern of all others."""
    from agency.actor import system  # noqa: PLC0415  (Django is set up by now)
    from agency.tenancy import tenant  # noqa: PLC0415
    from clients.actions.clients import create_client  # noqa: PLC0415
    from clients.models import Calendar, CalendarVersion, Client  # noqa: PLC0415
    from mentions.models import Mention, Post  # noqa: PLC0415
    from workflows.actions.intake import intake  # noqa: PLC0415
    from workflows.actions.onboarding import open_agency  # noqa: PLC0415

    begun = NOON - timedelta(days=100)
    agency, _ = open_agency(
        name="N",
        time_zone="UTC",
        owner_email="o@n.example",
        owner_name="Ana",
        now=begun,
        invite=False,
    )
    with tenant(agency.pk):
        for number in range(CLIENTS):
            create_client(
                name=f"Brightwater {number}", time_zone="UTC", language="en", by=system(agency.pk), now=begun
            )
        calendar = Calendar(name="Riga", created_at=begun)
        calendar.save(force_insert=True)
        CalendarVersion(
            calendar=calendar,
            version=1,
            effective_from=begun,
            zone="Europe/Riga",
            week={str(day): [["09:00", "17:00"]] for day in range(5)},
            created_at=begun,
            created_by="Ana",
        ).save(force_insert=True)
        client = Client.objects.order_by("id").first()
        Post.objects.bulk_create(_post(number, begun) for number in range(max(SIZES) // CLIENTS))
        mention = Mention(client=client, post=Post.objects.first(), published_at=begun, recorded_at=begun)
        mention.save(force_insert=True)
        intake([mention], now=begun)
    return agency.pk, calendar.pk


def _post(number: int, at: datetime) -> Any:
    from mentions.models import Post  # noqa: PLC0415

    return Post(platform="feed", key=str(number), key_hash=str(number), published_at=at, seen_at=at)


def _fill(one: _Field, agency_id: UUID, calendar_id: UUID) -> None:
    """So many open clocks, one a mention, half of them in the calendar's hours; a thousand due each second from noon."""
    begun = time.perf_counter()
    one.superuser.execute(
        "TRUNCATE mentions_mention, workflows_clock, workflows_clockevent, agency_alarm, agency_event CASCADE"
    )
    mention_columns, mentions = _columns(one, "like_mention", MENTION)
    clock_columns, clocks = _columns(one, "like_clock", CLOCK)
    one.superuser.execute(
        SQL(FILL).format(
            mention_columns=mention_columns, mentions=mentions, clock_columns=clock_columns, clocks=clocks
        ),
        {
            "agency": agency_id,
            "calendar": calendar_id,
            "noon": NOON,
            "clients": CLIENTS,
            "count": one.size,
            "stride": one.size // DUE,
            "groups": one.groups,
        },
    )
    one.superuser.execute("VACUUM (ANALYZE)")
    one.superuser.execute("CHECKPOINT")
    one.group = 0
    tell(f"{one.size} open clocks filled in within {time.perf_counter() - begun:.0f} s")


def _columns(one: _Field, pattern: str, own: Mapping[str, LiteralString]) -> tuple[Composed, Composed]:
    """Names and values: the row's own, or the pattern's."""
    names = [
        str(name)
        for (name,) in one.superuser.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [pattern]
        )
    ]
    values = [SQL(own[name]) if name in own else Identifier("pattern", name) for name in names]
    return SQL(", ").join(map(Identifier, names)), SQL(", ").join(values)


def _turn(one: _Field, agency_id: UUID) -> None:
    """A sweep of a thousand, and a bare statement, now the one and now the other first. A filling's first warm it up."""
    connections["default"] = one.app
    calls = [(_swept, one.ours), (_bare, one.bare)]
    first = one.group == 0
    for call, taken in calls if one.group % 4 else reversed(calls):
        now = NOON + timedelta(seconds=one.group, microseconds=1)
        begun = time.perf_counter()
        call(one, agency_id, now)
        if not first:
            taken.append((time.perf_counter() - begun) * 1000)
        one.group += 1


def _swept(_: _Field, __: UUID, now: datetime) -> None:
    from agency.actions.alarms import sweep  # noqa: PLC0415  (Django is set up by now)

    swept = sweep(now=now, limit=DUE)
    assert (swept.fired, swept.failed) == (DUE, 0), swept


def _bare(one: _Field, agency_id: UUID, now: datetime) -> None:
    done = one.owner.execute(BARE, {"agency": agency_id, "now": now}).rowcount
    assert done == DUE // 4, done


def _check(one: _Field) -> None:
    """All of it was written, by either."""
    for written, count in (
        ("SELECT count(*) FROM workflows_clockevent WHERE kind = 'fire'", DUE * one.group),
        ("SELECT count(*) FROM agency_event", DUE * one.group),
        ("SELECT count(*) FROM workflows_clock WHERE breached_at IS NOT NULL", DUE * one.group // 4),
        ("SELECT count(*) FROM mentions_mention WHERE breached", DUE * one.group // 4),
        ("SELECT count(*) FROM workflows_clock WHERE lines = 2", DUE * one.group),
        ("SELECT count(*) FROM agency_alarm", one.size - DUE * one.group // 4),
        # What ours sets next is what the bare statement sets.
        ("SELECT count(*) FROM workflows_clock WHERE next_fire_at IS NULL", DUE * one.group // 4),
        (
            "SELECT count(*) FROM agency_alarm JOIN workflows_clock AS c ON c.id = subject_id AND agency_alarm.due_at = next_fire_at",
            one.size - DUE * one.group // 4,
        ),
        ("SELECT count(*) FROM workflows_escalation", 0),
    ):
        found = one.superuser.execute(written).fetchone()
        assert found == (count,), (written, found, count)


if __name__ == "__main__":
    sys.exit(main())

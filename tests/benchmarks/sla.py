"""Service levels: what a sweep costs as the open clocks grow, how late it is, and how fast calendars count.

uv run python -m tests.benchmarks.sla [--quick]

The limit of a sweep is one bare SQL statement that does the same writes, run in turns with it: it locks the alarms that
are due and their mentions, writes the lines, the events and the breaches, moves the clocks and sets or clears the alarms.
It knows no calendar and works nothing out; what it writes is what ours had worked out.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests import servers
from tests.benchmarks import calendars, lateness
from tests.benchmarks.ground import Ground, ground, say, tell

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (10_000, 20_000)
DUE = 1000
# A Wednesday noon, when the office of the calendar is open.
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
TARGET = timedelta(hours=1)
CLIENTS = 200

FILL = """
WITH made AS MATERIALIZED (
    SELECT i, gen_random_uuid() AS mention, gen_random_uuid() AS clock,
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
           CASE WHEN turn IS NULL THEN '{}' ELSE (ARRAY['warn_50', 'warn_75', 'warn_90'])[:step] END AS told
      FROM clocks
), mentions AS (
    INSERT INTO mentions_mention
    SELECT (jsonb_populate_record(like_mention, jsonb_build_object('id', mention, 'client_id', client, 'post_id', post,
                'published_at', since, 'recorded_at', since, 'due_at', since + interval '1 hour',
                'urgency_at', since + interval '1 hour', 'due_kind', 'respond'))).*
      FROM rows, like_mention
), lines AS (
    INSERT INTO workflows_clockevent (id, agency_id, clock_id, n, kind, step, at, recorded_at, target, calendar_id)
    SELECT gen_random_uuid(), %(agency)s, clock, 1, 'start', '', since, since, interval '1 hour', calendar FROM rows
), alarms AS (
    INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
    SELECT gen_random_uuid(), %(agency)s, 'clock.due', clock, look, 0, '' FROM rows
)
INSERT INTO workflows_clock
SELECT (jsonb_populate_record(like_clock, jsonb_build_object('id', clock, 'mention_id', mention, 'calendar_id', calendar,
            'target', '01:00:00', 'started_at', since, 'running_since', since, 'due_at', since + interval '1 hour',
            'next_fire_at', look, 'fired', told))).*
  FROM rows, like_clock
"""

BARE = """
WITH due AS MATERIALIZED (
    SELECT id, subject_id FROM agency_alarm WHERE due_at <= %(now)s ORDER BY due_at LIMIT 1000 FOR UPDATE SKIP LOCKED
), locked AS MATERIALIZED (
    SELECT due.id AS alarm_id, clock.id AS clock_id, clock.kind, clock.instance, clock.lines, clock.next_fire_at AS at,
           clock.running_since, cardinality(clock.fired) AS told,
           (ARRAY['warn_50', 'warn_75', 'warn_90', 'breach'])[cardinality(clock.fired) + 1] AS step,
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
           next_fire_at = CASE WHEN step <> 'breach' THEN %(now)s + interval '1 hour' END,
           breached_at = CASE WHEN step = 'breach' THEN locked.at END
      FROM locked WHERE clock.agency_id = %(agency)s AND clock.id = locked.clock_id
), again AS (
    UPDATE agency_alarm AS alarm SET due_at = %(now)s + interval '1 hour', failures = 0, last_error = ''
      FROM locked WHERE alarm.id = locked.alarm_id AND locked.step <> 'breach'
)
DELETE FROM agency_alarm AS alarm USING locked WHERE alarm.id = locked.alarm_id AND locked.step = 'breach'
"""


def main() -> int:
    with ground(__doc__ or "") as here:
        met = [calendars.measure(quick=here.quick), lateness.measure(here), *_sweeps(here)]
    return 0 if all(met) else 1


def _sweeps(here: Ground) -> list[bool]:
    agency_id, calendar_id = _open_agency()
    found = {}
    met = []
    for size in QUICK_SIZES if here.quick else SIZES:
        ours: list[float] = []
        bare: list[float] = []
        # The smallest has room for few turns, so it is filled more than once.
        for _ in range(2 if size == min(SIZES) else 1):
            _fill(here, agency_id, calendar_id, size)
            more_ours, more_bare = _turns(here, agency_id, min(size // DUE, 20))
            ours, bare = ours + more_ours, bare + more_bare
        found[size] = median(ours)
        tell(f"{size}: ours {[round(t) for t in ours]}, bare {[round(t) for t in bare]}")
        met.append(say(f"sla.sweep.{size}", median(ours), "ms", limit=median(bare), target=2))
    smallest, *_, largest = found.values()
    met.append(say("sla.sweep.growth", largest, "ms", limit=smallest, target=1.3))
    return met


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


def _fill(here: Ground, agency_id: UUID, calendar_id: UUID, size: int) -> None:
    """So many open clocks, one a mention, half of them in the calendar's hours; a thousand due each second from noon."""
    tell(f"filling in {size} open clocks")
    with psycopg.connect(_superuser(here), autocommit=True) as owner:
        # What refers to what is right by the way that it is made.
        owner.execute("SET session_replication_role = replica")
        owner.execute("SET work_mem = '256MB'")
        owner.execute("CREATE TABLE IF NOT EXISTS like_mention AS SELECT * FROM mentions_mention")
        owner.execute(
            "CREATE TABLE IF NOT EXISTS like_clock AS SELECT * FROM workflows_clock WHERE kind = 'respond'"
        )
        owner.execute(
            "TRUNCATE mentions_mention, workflows_clock, workflows_clockevent, agency_alarm CASCADE"
        )
        given = {
            "agency": agency_id,
            "calendar": calendar_id,
            "noon": NOON,
            "clients": CLIENTS,
            "count": size,
            "stride": size // DUE,
            "groups": min(size // DUE, 20),
        }
        owner.execute(FILL, given)
        owner.execute("VACUUM (ANALYZE)")
        owner.execute("CHECKPOINT")


def _superuser(here: Ground) -> str:
    """The benchmark's own database, as who may pass over its checks."""
    name = conninfo_to_dict(here.owner_url)["dbname"]
    return servers.at(os.environ["EARSHOT_TEST_SUPERUSER"], str(name))


def _turns(here: Ground, agency_id: UUID, groups: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each sweep of a thousand, and of each bare statement; the first of each is for warming up."""
    from agency.actions.alarms import sweep  # noqa: PLC0415

    ours: list[float] = []
    bare: list[float] = []
    with psycopg.connect(here.owner_url, autocommit=True) as owner:
        for group in range(groups):
            now = NOON + timedelta(seconds=group, microseconds=1)
            begun = time.perf_counter()
            if group % 2:
                done = owner.execute(BARE, {"agency": agency_id, "now": now}).rowcount
                bare.append((time.perf_counter() - begun) * 1000)
                assert done == DUE // 4, done
            else:
                swept = sweep(now=now, limit=DUE)
                ours.append((time.perf_counter() - begun) * 1000)
                assert (swept.fired, swept.failed) == (DUE, 0), swept
    return ours[1:], bare[1:]


if __name__ == "__main__":
    sys.exit(main())

"""A claim: over HTTP (answered with the mention's row, or with its version), and as the action alone, against one SQL
statement that writes the same rows, run by pgbench.

The statement locks the mention and its clocks, moves both, and writes the transition, the clock's line, the alarms, the
audit entry and the outbox event; the database's own triggers chain and number them on either side. It runs as the
tables' owner, whom no policy binds, and works nothing out. What its rows hold is taken from those of a claim that the
application made, so that no column is forgotten.
"""

import gc
import json
import re
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from config.launcher.binaries import find_programs
from tests.benchmarks.crowd import House
from tests.benchmarks.load import Load, Order, request

STATEMENT = """
WITH turn AS MATERIALIZED (
    SELECT * FROM bench_claims WHERE n = (SELECT nextval('bench_turn'))
), locked AS MATERIALIZED (
    SELECT mention.id, mention.agency_id, mention.client_id, mention.version + 1 AS version, turn.member_id,
           statement_timestamp() AS now
      FROM turn
      JOIN mentions_mention AS mention ON (mention.agency_id, mention.id) = (turn.agency_id, turn.mention_id)
     WHERE mention.state = 'new' AND mention.version = turn.version
       FOR UPDATE OF mention
), clocks AS MATERIALIZED (
    SELECT clock.*, locked.now
      FROM locked
      JOIN workflows_clock AS clock
        ON (clock.agency_id, clock.mention_id) = (locked.agency_id, locked.id) AND clock.stopped_at IS NULL
       FOR UPDATE OF clock
), claimed AS (
    UPDATE mentions_mention AS mention
       SET state = 'claimed', version = locked.version, assignee_id = locked.member_id, due_at = clocks.due_at,
           urgency_at = clocks.due_at, due_kind = clocks.kind
      FROM locked, clocks
     WHERE (mention.agency_id, mention.id) = (locked.agency_id, locked.id) AND clocks.kind = 'respond'
), moved AS ({moved}
), stopped AS (
    UPDATE workflows_clock AS clock
       SET used = clock.used + (clocks.now - clocks.running_since), running_since = NULL, stopped_at = clocks.now,
           due_at = NULL, next_fire_at = NULL, lines = clocks.lines + 1
      FROM clocks
     WHERE (clock.agency_id, clock.id) = (clocks.agency_id, clocks.id) AND clocks.kind = 'claim'
), line AS ({line}
), quiet AS (
    DELETE FROM agency_alarm AS alarm USING clocks
     WHERE (alarm.agency_id, alarm.kind, alarm.subject_id) = (clocks.agency_id, 'clock.due', clocks.id)
       AND clocks.kind = 'claim'
), lease AS (
    INSERT INTO agency_alarm AS alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
    SELECT uuidv7(), agency_id, 'claim.idle', id, now + interval '1 hour', 0, '' FROM locked
    ON CONFLICT (agency_id, kind, subject_id) DO UPDATE SET due_at = excluded.due_at, failures = 0, last_error = ''
), entry AS ({entry}
)
{event}
"""
# What isn't as in the application's row.
OWN: Mapping[str, LiteralString] = {
    "id": "uuidv7()",
    "agency_id": "agency_id",
    "mention_id": "id",
    "subject_id": "id",
    "client_id": "client_id",
    "version": "version",
    "at": "now",
    "recorded_at": "now",
    "actor_id": "member_id",
    "n": "lines + 1",
    "clock_id": "id",
    "who_salt": "replace(gen_random_uuid()::text, '-', '')",
    "what_salt": "replace(gen_random_uuid()::text, '-', '')",
    "subject_name": "'mention ' || id",
    "data": "jsonb_build_object('from', 'new', 'to', 'claimed', 'version', version, 'client', client_id)",
    "details": "jsonb_build_object('from', 'new', 'to', 'claimed', 'version', version)",
}
# The rows of a claim: a name in the statement, the table, which of a mention's are its claim's, and where from.
ROWS = (
    ("moved", "workflows_transition", "mention_id = %(mention)s", "locked"),
    (
        "line",
        "workflows_clockevent",
        "kind = 'stop' AND clock_id IN (SELECT id FROM workflows_clock WHERE mention_id = %(mention)s)",
        "clocks WHERE kind = 'claim'",
    ),
    ("entry", "agency_auditentry", "subject_id = %(mention)s", "locked"),
    ("event", "agency_event", "subject_id = %(mention)s", "locked"),
)
# What the database itself writes as it commits.
BY_THE_DATABASE = {"agency_event": {"seq", "number", "place"}}


@dataclass(slots=True)
class Claims:
    """Mentions that wait to be claimed, in turns of the agencies, and who took how many."""

    owner: psycopg.Connection[Any]
    folder: Path
    url: str
    waiting: list[tuple[House, UUID]]
    taken: int = 0

    def take(self, count: int) -> list[tuple[House, UUID]]:
        begin, self.taken = self.taken, self.taken + count
        assert self.taken <= len(self.waiting), "There are too few mentions to claim."
        return self.waiting[begin : self.taken]


def prepare(owner_url: str, owner: psycopg.Connection[Any], houses: list[House], folder: Path) -> Claims:
    """The mentions, a table of them for pgbench, and the statement, made from a claim of the application's."""
    rows: dict[UUID, list[tuple[House, UUID]]] = {}
    known = {house.agency_id: house for house in houses[1:]}
    for agency_id, mention_id in owner.execute(
        "SELECT agency_id, id FROM mentions_mention WHERE state = 'new' AND agency_id = ANY(%s) ORDER BY id",
        [[*known]],
    ):
        rows.setdefault(agency_id, []).append((known[agency_id], mention_id))
    waiting = [one for group in zip_longest(*rows.values()) for one in group if one is not None]
    claims = Claims(owner, folder, owner_url, waiting)
    (pattern,) = claims.take(1)
    claim(*pattern)
    owner.execute(
        "CREATE TABLE bench_claims (n bigint PRIMARY KEY, agency_id uuid, mention_id uuid, member_id uuid, version int)"
    )
    with owner.cursor() as cursor, cursor.copy("COPY bench_claims FROM STDIN") as copy:
        for n, (house, mention_id) in enumerate(waiting):
            copy.write_row((n, house.agency_id, mention_id, house.owner_id, 1))
    owner.execute("CREATE SEQUENCE bench_turn MINVALUE 0")
    owner.execute("ANALYZE bench_claims")
    (claims.folder / "claim.sql").write_text(_statement(owner, pattern[1]).as_string(owner) + ";\n")
    return claims


def _statement(owner: psycopg.Connection[Any], mention_id: UUID) -> Composed:
    return SQL(STATEMENT).format(
        **{name: _insert(owner, table, which, source, mention_id) for name, table, which, source in ROWS}
    )


def _insert(
    owner: psycopg.Connection[Any], table: str, which: LiteralString, source: LiteralString, mention_id: UUID
) -> Composed:
    with owner.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            SQL("SELECT * FROM {} WHERE {}").format(Identifier(table), SQL(which)), {"mention": mention_id}
        ).fetchall()
    assert len(found) == 1, (table, found)
    row = {name: value for name, value in found[0].items() if name not in BY_THE_DATABASE.get(table, ())}
    return SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
        Identifier(table),
        SQL(", ").join(map(Identifier, row)),
        SQL(", ").join(_value(name, value) for name, value in row.items()),
        SQL(source),
    )


def _value(name: str, value: Any) -> Composable:
    if name in OWN and value is not None:
        return SQL(OWN[name])
    return Literal(json.dumps(value) if isinstance(value, dict) else value)


# The three ways ----------------------------------------------------------------------------------------------


def claim(house: House, mention_id: UUID) -> None:
    """The action alone, in its transaction, by who owns the agency."""
    from agency import clock  # noqa: PLC0415  (Django is set up by now)
    from agency.actor import Actor, ActorKind  # noqa: PLC0415
    from agency.rights import Right  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from workflows.actions.moves import claim_mention  # noqa: PLC0415

    by = Actor(
        kind=ActorKind.KEY,
        agency_id=house.agency_id,
        id=house.owner_id,
        name="The desk",
        rights=frozenset({Right.READ, Right.RESPOND}),
        address="127.0.0.1",
        member_id=house.owner_id,
    )
    with tenant(house.agency_id):
        claim_mention(mention_id, by=by, seen=1, now=clock.now())


def in_process(claims: Claims, count: int) -> float:
    """Claims a second, in a process whose garbage collector knows what stays, as that of the web does (`config/wsgi.py`)."""
    todo = claims.take(count)
    gc.collect()
    gc.freeze()
    begun = time.perf_counter()
    for house, mention_id in todo:
        claim(house, mention_id)
    took = time.perf_counter() - begun
    gc.unfreeze()
    return count / took


def over_http(claims: Claims, calls: Load, port: int, count: int, *, minimal: bool = False) -> float:
    """`minimal`: answered with the new version alone, instead of the mention as the list shows it."""
    prefer, status = ("return=minimal", 204) if minimal else ("", 200)
    requests = [
        request(
            "POST",
            f"/api/v1/mentions/{mention_id}/claim/",
            token=house.token,
            body='{"version":1}',
            prefer=prefer,
        )
        for house, mention_id in claims.take(count)
    ]
    tally = calls.run(Order(port, 1, 600, requests, again=False, status=status))
    assert tally.answers == count
    return tally.rate


def by_pgbench(claims: Claims, count: int) -> float:
    claims.owner.execute("SELECT setval('bench_turn', %s, false)", [claims.taken])
    todo = claims.take(count)
    program = find_programs().postgres.parent / "pgbench"
    command = [
        str(program),
        "--no-vacuum",
        "--protocol",
        "prepared",
        "--client",
        "1",
        "--transactions",
        str(count),
    ]
    done = subprocess.run(
        [*command, "--file", str(claims.folder / "claim.sql"), claims.url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    assert rate, done.stdout
    check(claims, todo)
    return float(rate[1])


def check(claims: Claims, todo: Iterable[tuple[House, UUID]]) -> None:
    """All of it was written, of each mention once."""
    mentions = [mention_id for _, mention_id in todo]
    for written in (
        "SELECT count(*) FROM mentions_mention WHERE id = ANY(%s) AND state = 'claimed' AND version = 2",
        "SELECT count(*) FROM workflows_transition WHERE mention_id = ANY(%s)",
        "SELECT count(*) FROM workflows_clock WHERE mention_id = ANY(%s) AND kind = 'claim' AND stopped_at IS NOT NULL",
        (
            "SELECT count(*) FROM workflows_clockevent WHERE kind = 'stop' AND clock_id IN"
            " (SELECT id FROM workflows_clock WHERE mention_id = ANY(%s))"
        ),
        "SELECT count(*) FROM agency_alarm WHERE kind = 'claim.idle' AND subject_id = ANY(%s)",
        (
            "SELECT count(*) FROM agency_auditentry AS e JOIN agency_auditlink AS l USING (id)"
            " WHERE subject_id = ANY(%s) AND l.seq IS NOT NULL"
        ),
        "SELECT count(*) FROM agency_event WHERE subject_id = ANY(%s)",
    ):
        found = claims.owner.execute(written, [mentions]).fetchone()
        assert found == (len(mentions),), (written, found)
    silent = claims.owner.execute(
        "SELECT count(*) FROM agency_alarm WHERE kind = 'clock.due' AND subject_id IN"
        " (SELECT id FROM workflows_clock WHERE mention_id = ANY(%s) AND kind = 'claim')",
        [mentions],
    ).fetchone()
    assert silent == (0,), silent

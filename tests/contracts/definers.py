"""A question for each function that runs as the owner, whom no policy binds: does it keep to the agency entered?

And how each would look without what holds it there: the question must find that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.contracts.probe import Connection
from tests.contracts.world import World

Ask = Callable[[Connection, World, World], list[str]]


@dataclass(frozen=True)
class Probe:
    """`ask`: findings, none where all is well. `sabotages`: (pattern in the source, what stands there instead)."""

    ask: Ask
    sabotages: Sequence[Sequence[tuple[str, str]]]


def _as_mine(
    connection: Connection, mine: World, statement: str, *values: Any, settle: bool = True
) -> list[tuple[Any, ...]]:
    """Run as the working role inside my agency, with what a commit would check (`settle`), and be the superuser again."""
    connection.execute("SELECT set_config('app.agency_id', %s, true)", [str(mine.agency_id)])
    connection.execute("SET LOCAL ROLE earshot_app")
    done = connection.execute(statement, values)
    rows = done.fetchall() if done.description else []
    if settle:
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    connection.execute("RESET ROLE")
    return rows


def _count(connection: Connection, table: str, world: World, condition: str = "true") -> int:
    row = connection.execute(
        f"SELECT count(*) FROM {table} WHERE agency_id = %s AND {condition}", [world.agency_id]
    ).fetchone()
    return int(row[0]) if row else 0


def _search(connection: Connection, mine: World, theirs: World) -> list[str]:
    with connection.transaction(force_rollback=True):
        rows = _as_mine(
            connection,
            mine,
            "SELECT mention_id::text FROM mentions_search('!nothing', NULL, NULL, NULL, NULL, 1000)",
        )
    found = {pk for (pk,) in rows}
    flaws = [] if str(mine.one.ids["mention_id"]) in found else ["my own mention isn't found"]
    return [*flaws, *(f"finds {pk}" for pk in found & theirs.every_id)]


def _erase(connection: Connection, mine: World, theirs: World) -> list[str]:
    subjects = [theirs.one.ids["mention_id"], theirs.ids["member_id"], theirs.owner.id]
    with connection.transaction(force_rollback=True):
        rows = _as_mine(
            connection, mine, "SELECT agency_audit_erase(%s, %s)", subjects, theirs.one.ids["client_id"]
        )
        blanked = _count(connection, "agency_auditentry", theirs, "erased_at IS NOT NULL")
    return ([f"says that {rows} were blanked"] if rows != [(0,)] else []) + (
        ["blanked theirs"] if blanked else []
    )


def _remove(connection: Connection, mine: World, theirs: World) -> list[str]:
    flaws = []
    with connection.transaction(force_rollback=True):
        try:
            with connection.transaction():
                _as_mine(connection, mine, "SELECT agency_audit_remove()", settle=False)
            flaws.append("removes the log of an agency that isn't being erased")
        except psycopg.errors.InsufficientPrivilege:
            pass
    with connection.transaction(force_rollback=True):
        tables = ("agency_auditentry", "agency_auditlink", "agency_auditchain")
        before = [_count(connection, table, theirs) for table in tables]
        connection.execute("UPDATE agency_agency SET erasing_at = now() WHERE id = %s", [mine.agency_id])
        try:
            with connection.transaction():
                _as_mine(connection, mine, "SELECT agency_audit_remove()")
            flaws.append("removes the log of an agency that stays")
        except psycopg.errors.InsufficientPrivilege:
            pass
        _as_mine(connection, mine, "SELECT agency_audit_remove()", settle=False)
        if [_count(connection, table, theirs) for table in tables] != before:
            flaws.append("removes theirs")
        if any(_count(connection, table, mine) for table in tables):
            flaws.append("leaves some of mine")
    return flaws


def _sealed(connection: Connection, mine: World, theirs: World) -> list[str]:
    """An entry of mine makes my chain longer by one link, and leaves theirs alone."""

    def heads() -> list[Any]:
        return [
            connection.execute(
                "SELECT seq, hash, (SELECT count(*) FROM agency_auditlink l WHERE l.agency_id = c.agency_id)"
                " FROM agency_auditchain c WHERE agency_id = %s",
                [world.agency_id],
            ).fetchone()
            for world in (mine, theirs)
        ]

    with connection.transaction(force_rollback=True):
        before = heads()
        try:
            with connection.transaction():
                _as_mine(
                    connection,
                    mine,
                    "INSERT INTO agency_auditentry (id, agency_id, at, action, actor_kind, actor_name, address,"
                    " subject_type, subject_name, details, who_salt, what_salt) SELECT gen_random_uuid(), agency_id, at,"
                    " 'probe.made', actor_kind, actor_name, address, subject_type, subject_name, details, who_salt,"
                    " what_salt FROM agency_auditentry LIMIT 1",
                )
        except psycopg.Error as error:
            return [f"an entry isn't taken: {error}"]
        after = heads()
    flaws = [] if after[1] == before[1] else ["their chain moved"]
    grown = (after[0][0] - before[0][0], after[0][2] - before[0][2])
    return flaws if grown == (1, 1) else [*flaws, f"my chain grew by {grown}"]


def _fed(connection: Connection, mine: World, theirs: World) -> list[str]:
    """An event of mine makes my feed longer by one, and takes its place along; theirs is left alone."""

    def feeds() -> list[Any]:
        return [
            connection.execute(
                "SELECT events, (SELECT count(*) FROM agency_feedplace p WHERE p.agency_id = c.agency_id AND p.number > 0),"
                " (SELECT max(number) FROM agency_feedplace p WHERE p.agency_id = c.agency_id)"
                " FROM agency_auditchain c WHERE agency_id = %s",
                [world.agency_id],
            ).fetchone()
            for world in (mine, theirs)
        ]

    with connection.transaction(force_rollback=True):
        before = feeds()
        try:
            with connection.transaction():
                ((made,),) = _as_mine(
                    connection,
                    mine,
                    "INSERT INTO agency_event (id, agency_id, at, type, subject_type, subject_id, data)"
                    " SELECT gen_random_uuid(), agency_id, at, 'probe.made', subject_type, subject_id, data"
                    " FROM agency_event LIMIT 1 RETURNING id",
                )
        except psycopg.Error as error:
            return [f"an event isn't taken: {error}"]
        after = feeds()
        _as_mine(connection, mine, "DELETE FROM agency_event WHERE id = %s", made)
        left = feeds()
    flaws = [] if before[1] == after[1] == left[1] else ["their feed moved"]
    grown = tuple(now - then for then, now in zip(before[0], after[0], strict=True))
    flaws += [] if grown == (1, 1, 1) else [f"my feed grew by {grown}"]
    return flaws if left[0][:2] == (after[0][0], before[0][1]) else [*flaws, "a deleted event's place stays"]


def _heads(connection: Connection, mine: World, theirs: World) -> list[str]:
    """It is asked in no agency. It says how many events those have had that are asked for, and nothing else."""
    with connection.transaction(force_rollback=True):
        rows = _as_mine(connection, mine, "SELECT * FROM agency_feed_heads(%s)", [mine.agency_id])
    return [f"tells of {agency}" for agency, _ in rows if agency != mine.agency_id] + (
        [] if all(isinstance(number, int) for _, number in rows) else ["tells more than a number"]
    )


_OTHER = "(SELECT min(id::text)::uuid FROM agency_agency WHERE id <> NEW.agency_id)"
OTHERS = f"VALUES ({_OTHER}, {_OTHER},"

PROBES = {
    "agency_feed_queue": Probe(
        _fed, [[(r"WHERE id = NEW\.id AND agency_id = NEW\.agency_id", "WHERE false")]]
    ),
    "agency_feed_number": Probe(_fed, [[(r"VALUES \(NEW\.agency_id, NEW\.agency_id,", OTHERS)]]),
    "agency_feed_forget": Probe(
        _fed,
        [
            [
                (
                    r"WHERE place\.id = gone\.id AND place\.agency_id = gone\.agency_id",
                    "WHERE place.id <> gone.id",
                )
            ]
        ],
    ),
    "agency_feed_heads": Probe(_heads, [[(r"WHERE chain\.agency_id = ANY \(wanted\)", "")]]),
    "mentions_search": Probe(
        _search,
        [[(r"wanted := format\('''@a%s'''[^;]*;", "wanted := query;"), (r"\be\.agency_id = mine AND ", "")]],
    ),
    "agency_audit_erase": Probe(
        _erase, [[(r"WHERE agency_id = inside\s+AND", "WHERE"), (r"entry\.agency_id = inside AND ", "")]]
    ),
    "agency_audit_remove": Probe(
        _remove,
        [
            [
                (
                    r"(DELETE FROM agency_auditlink|DELETE FROM agency_auditentry) WHERE agency_id = inside",
                    r"\1",
                )
            ],
            [(r"IF NOT EXISTS \(.*?\) THEN", "IF false THEN")],
        ],
    ),
    "agency_audit_seal": Probe(_sealed, [[(r"PERFORM agency_audit_link\(NEW\.id\);", "")]]),
    "agency_audit_chain": Probe(
        _sealed,
        [
            [
                (
                    r"VALUES \(NEW\.agency_id, NEW\.agency_id,",
                    OTHERS,
                )
            ]
        ],
    ),
}

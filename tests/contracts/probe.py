"""Does the database keep two agencies apart? Asked table by table, as the working role, on a superuser's connection.

The connection takes the role for the questions and gives it back, so that one transaction can break a policy, ask, and
be undone. A healthy database answers with no finding.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Pair:
    """Two agencies with a row in every table."""

    mine: UUID
    theirs: UUID


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[str, ...]  # that can be written

    @property
    def sql(self) -> sql.Identifier:
        return sql.Identifier(self.name)


# What a row begins as: a trigger asks for that before the policy is asked.
BEGINS_AS = {("mentions_mention", "state"): sql.SQL("'new'")}


def tables(connection: Connection) -> list[Table]:
    """Those under row security. Read before one is broken."""
    rows = connection.execute(
        "SELECT c.relname, array(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum)"
        " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity ORDER BY 1"
    ).fetchall()
    return [Table(name, tuple(columns)) for name, columns in rows]


@contextmanager
def working_role(connection: Connection, agency_id: UUID | None) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency_id or "")])
        connection.execute("SET LOCAL ROLE earshot_app")
        yield


def probe(connection: Connection, pair: Pair, asked: list[Table]) -> list[str]:
    """What is wrong with these tables."""
    return [f"{table.name}: {flaw}" for table in asked for flaw in _flaws(connection, pair, table)]


def _flaws(connection: Connection, pair: Pair, table: Table) -> Iterator[str]:
    with working_role(connection, pair.mine):
        if not _count(connection, table, pair.mine):
            yield "its own agency's rows aren't seen"
        if _count(connection, table, pair.theirs):
            yield "another agency's rows are seen"
    with working_role(connection, None):
        if _count(connection, table, pair.mine) or _count(connection, table, pair.theirs):
            yield "rows are seen without an agency"
    if not _refused(connection, pair, _copy_into(table), [pair.theirs]):
        yield "a row can be added to another agency"
    if not _refused(connection, pair, _move(table), [pair.theirs]):
        yield "a row can be moved into another agency"


def _count(connection: Connection, table: Table, agency_id: UUID) -> int:
    asked = sql.SQL("SELECT count(*) FROM {} WHERE agency_id = %s").format(table.sql)
    row = connection.execute(asked, [agency_id]).fetchone()
    return int(row[0]) if row else 0


def _copy_into(table: Table) -> sql.Composed:
    columns = [
        sql.SQL("gen_random_uuid()")
        if name == "id"
        else sql.SQL("%s::uuid")
        if name == "agency_id"
        else BEGINS_AS.get((table.name, name), sql.Identifier(name))
        for name in table.columns
    ]
    return sql.SQL("INSERT INTO {table} ({names}) SELECT {columns} FROM {table} LIMIT 1").format(
        table=table.sql,
        names=sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        columns=sql.SQL(", ").join(columns),
    )


def _move(table: Table) -> sql.Composed:
    return sql.SQL("UPDATE {} SET agency_id = %s").format(table.sql)


def _refused(connection: Connection, pair: Pair, statement: sql.Composed, values: list[Any]) -> bool:
    """By the policy, or because the role may not do this with the table at all; anything else would be luck."""
    with working_role(connection, pair.mine):
        try:
            with connection.transaction():
                connection.execute(statement, values)
        except psycopg.errors.InsufficientPrivilege:
            return True
        except psycopg.Error:
            return False
    return False

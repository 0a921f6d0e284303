"""The whole database as text, past every policy: what is in it of an agency, and where a word or an id is found."""

import os
from collections.abc import Iterable
from uuid import UUID

import psycopg
from psycopg import sql

# Columns that lead to a person, in tables that belong to no agency.
_PEOPLE = ("user_id",)


def _tables(owner: psycopg.Connection[tuple[str, ...]]) -> dict[str, set[str]]:
    rows = owner.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    return tables


def _owner() -> psycopg.Connection[tuple[str, ...]]:
    return psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"], autocommit=True)


def dump(agency_id: UUID, users: Iterable[UUID]) -> dict[str, bytes]:
    """Table → all its rows of this agency and these people, as COPY writes them."""
    people = [str(user) for user in users]
    found: dict[str, bytes] = {}
    with _owner() as owner:
        for table, columns in sorted(_tables(owner).items()):
            if "agency_id" in columns:
                condition = sql.SQL("agency_id = {}").format(sql.Literal(str(agency_id)))
            elif table == "agency_agency":
                condition = sql.SQL("id = {}").format(sql.Literal(str(agency_id)))
            elif table == "agency_user":
                condition = sql.SQL("id::text = ANY({})").format(sql.Literal(people))
            elif column := next((name for name in _PEOPLE if name in columns), None):
                condition = sql.SQL("{}::text = ANY({})").format(sql.Identifier(column), sql.Literal(people))
            else:
                continue
            order = sql.SQL("id") if "id" in columns else sql.SQL("1")
            query = sql.SQL("COPY (SELECT * FROM {} WHERE {} ORDER BY {}) TO STDOUT").format(
                sql.Identifier(table), condition, order
            )
            with owner.cursor() as cursor, cursor.copy(query) as copy:
                found[table] = b"".join(bytes(piece) for piece in copy)
    return found


def holding(*words: str) -> dict[str, list[str]]:
    """Table → rows in which one of these words or ids stands, whoever's they are."""
    wanted = [word.lower() for word in words]
    found: dict[str, list[str]] = {}
    with _owner() as owner:
        for table in _tables(owner):
            rows = owner.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            hits = [row for (row,) in rows if any(word in row.lower() for word in wanted)]
            if hits:
                found[table] = hits
    return found

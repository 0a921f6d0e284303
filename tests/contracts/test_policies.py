"""Each policy, composite key and definer function broken on purpose: the checks that we rely on must find it.

Every sabotage happens in a superuser's transaction that is undone; in between the questions are asked as the working
role (tests/contracts/probe.py).
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from agency.outside import DEFINERS, NARROWED
from tests.contracts.definers import PROBES
from tests.contracts.probe import Connection, Pair, Table, probe, tables
from tests.contracts.world import World

Say = Callable[[str, object], None]
BREAKS = {
    "USING true": "ALTER POLICY {policy} ON {table} USING (true) WITH CHECK ({check})",
    "dropped": "DROP POLICY {policy} ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "WITH CHECK true": "ALTER POLICY {policy} ON {table} WITH CHECK (true)",
}
# What the working role may only read has no WITH CHECK to rely on: there the sabotage gives it the right to write, too.
READ_ONLY = {name for name, rights in NARROWED.items() if rights == {"SELECT"}}


@pytest.fixture(scope="module")
def superuser(committed_worlds: tuple[World, World]) -> Iterator[Connection]:
    database = conninfo_to_dict(os.environ["DATABASE_URL"])["dbname"]
    address = make_conninfo(os.environ["EARSHOT_TEST_SUPERUSER"], dbname=str(database))
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def pair(committed_worlds: tuple[World, World]) -> Pair:
    mine, theirs = committed_worlds
    return Pair(mine.agency_id, theirs.agency_id)


@contextmanager
def broken(connection: Connection, statement: sql.Composed | str) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        connection.execute(statement)  # type: ignore[arg-type]
        yield


# Policies -----------------------------------------------------------------------------------------------


def test_a_healthy_database_keeps_agencies_apart(superuser: Connection, pair: Pair) -> None:
    asked = tables(superuser)
    assert len(asked) > 25
    assert probe(superuser, pair, asked) == []


def test_every_broken_policy_is_found(superuser: Connection, pair: Pair, record_property: Say) -> None:
    asked = tables(superuser)
    missed = []
    for table in asked:
        for name in BREAKS:
            with broken(superuser, _sabotage(superuser, table, name)):
                if not probe(superuser, pair, [table]):
                    missed.append(f"{table.name}: {name}")
    found = "all found" if not missed else f"{len(missed)} missed"
    number = len(asked) * len(BREAKS)
    record_property("said", f"policies: {len(asked)} tables × {len(BREAKS)} sabotages = {number}, {found}")
    assert missed == []


def test_a_second_policy_beside_the_right_one_is_found(superuser: Connection, pair: Pair) -> None:
    """Permissive policies add up."""
    missed = []
    for table in tables(superuser):
        statement = sql.SQL("CREATE POLICY also ON {} TO earshot_app USING (true)").format(table.sql)
        with broken(superuser, statement):
            if not probe(superuser, pair, [table]):
                missed.append(table.name)
    assert missed == []


def test_a_policy_that_hides_everything_is_found_too(superuser: Connection, pair: Pair) -> None:
    table = tables(superuser)[0]
    statement = sql.SQL("CREATE POLICY never ON {} AS RESTRICTIVE USING (false)").format(table.sql)
    with broken(superuser, statement):
        assert probe(superuser, pair, [table])


def test_a_working_role_that_owns_a_table_is_found(superuser: Connection, pair: Pair) -> None:
    """Policies don't bind a table's owner: no table says FORCE, so the role must own none."""
    table = tables(superuser)[0]
    with broken(superuser, sql.SQL("ALTER TABLE {} OWNER TO earshot_app").format(table.sql)):
        assert probe(superuser, pair, [table])


def _sabotage(connection: Connection, table: Table, name: str) -> sql.Composed:
    row = connection.execute(
        "SELECT policyname, with_check FROM pg_policies WHERE tablename = %s", [table.name]
    ).fetchone()
    assert row is not None
    statement = sql.SQL(BREAKS[name]).format(
        policy=sql.Identifier(row[0]), table=table.sql, check=sql.SQL(row[1])
    )
    if name == "WITH CHECK true" and table.name in READ_ONLY:
        statement += sql.SQL("; GRANT INSERT, UPDATE ON {} TO earshot_app").format(table.sql)
    return statement


# Foreign keys -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    name: str
    table: str
    column: str
    parent: str


def keys(connection: Connection) -> list[Key]:
    """Every foreign key between tenants' tables: (agency_id, x_id) → (agency_id, id)."""
    rows = connection.execute(
        "SELECT conname, conrelid::regclass::text, attname, confrelid::regclass::text FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[2]"
        " WHERE contype = 'f' AND cardinality(conkey) = 2 ORDER BY 1"
    ).fetchall()
    return [Key(*row) for row in rows]


def crosses(connection: Connection, pair: Pair, key: Key) -> bool:
    """Can a row of mine point at one of theirs? Asked past the policies, as PostgreSQL checks keys past them."""
    statement = sql.SQL(
        "UPDATE {table} SET {column} = (SELECT id FROM {parent} WHERE agency_id = %s ORDER BY id LIMIT 1)"
        " WHERE id = (SELECT id FROM {table} WHERE agency_id = %s ORDER BY id DESC LIMIT 1)"
    ).format(
        table=sql.Identifier(key.table), column=sql.Identifier(key.column), parent=sql.Identifier(key.parent)
    )
    with connection.transaction(force_rollback=True):
        try:
            with connection.transaction():
                # Rules of the house that come first: here only the key is asked.
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                _drop_checks(connection, key.table)
                connection.execute(statement, [pair.theirs, pair.mine])
        except psycopg.errors.ForeignKeyViolation as error:
            return error.diag.constraint_name != key.name
    return True


def _drop_checks(connection: Connection, table: str) -> None:
    connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
    checks = connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table]
    ).fetchall()
    for (name,) in checks:
        drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        connection.execute(drop.format(sql.Identifier(table), sql.Identifier(name)))


def test_every_plain_foreign_key_in_a_composites_place_is_found(
    superuser: Connection, pair: Pair, record_property: Say
) -> None:
    asked = keys(superuser)
    assert [key.name for key in asked if crosses(superuser, pair, key)] == []
    missed = []
    for key in asked:
        plain = sql.SQL(
            "ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} FOREIGN KEY ({column})"
            " REFERENCES {parent} (id) DEFERRABLE INITIALLY DEFERRED"
        ).format(
            table=sql.Identifier(key.table),
            name=sql.Identifier(key.name),
            column=sql.Identifier(key.column),
            parent=sql.Identifier(key.parent),
        )
        with broken(superuser, plain):
            if not crosses(superuser, pair, key):
                missed.append(key.name)
    found = "all found" if not missed else f"{len(missed)} missed"
    record_property("said", f"keys: {len(asked)} composite keys made plain, {found}")
    assert missed == []


# Functions that run as the owner ------------------------------------------------------------------------


def test_every_function_that_runs_as_the_owner_has_a_question_of_its_own() -> None:
    assert PROBES.keys() == DEFINERS.keys()


@pytest.mark.parametrize("name", sorted(DEFINERS))
def test_a_function_that_runs_as_the_owner_keeps_to_the_agency_that_was_entered(
    name: str, superuser: Connection, committed_worlds: tuple[World, World]
) -> None:
    mine, theirs = committed_worlds
    assert PROBES[name].ask(superuser, mine, theirs) == []


@pytest.mark.parametrize("name", sorted(DEFINERS))
def test_a_function_without_its_filter_is_found(
    name: str, superuser: Connection, committed_worlds: tuple[World, World]
) -> None:
    mine, theirs = committed_worlds
    row = superuser.execute(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s", [name]
    ).fetchone()
    assert row is not None
    for sabotage in PROBES[name].sabotages:
        changed = str(row[0])
        for what, by in sabotage:
            changed, number = re.subn(what, by, changed, flags=re.DOTALL)
            assert number, f"{name} has no “{what}” any more"
        with broken(superuser, changed):
            assert PROBES[name].ask(superuser, mine, theirs), f"{sabotage} isn't found"

"""What tests of transactions say and see: at the connection itself, and as somebody else."""

import json
import os
from typing import Any, cast
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.pq import TransactionStatus

from agency.models import Agency
from agency.statements import Statement
from tests.fixtures import FRIDAY_EVENING

OURS, RIVALS = UUID(int=7), UUID(int=8)
ONE, TWO, WRONG = Statement("SELECT 1"), Statement("SELECT 2", binary=True), Statement("SELECT 1/0")
database = cast("Any", connection)
NEW = Statement("INSERT INTO agency_agency SELECT (jsonb_populate_record(NULL::agency_agency, $1::jsonb)).*")


def ask(sql: str, *given: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchone()[0] if cursor.description else None


def entered() -> str:
    return str(ask("SELECT coalesce(current_setting('app.agency_id', true), '')"))


def status() -> TransactionStatus:
    found: TransactionStatus = database.connection.pgconn.transaction_status
    return found


def open_agency(agency_id: UUID) -> None:
    Agency.objects.create(pk=agency_id, name="A", time_zone="UTC", created_at=FRIDAY_EVENING)


def row_of(agency_id: UUID) -> str:
    return json.dumps(
        {
            "id": str(agency_id),
            "name": "A",
            "time_zone": "UTC",
            "undo_seconds": 1,
            "created_at": str(FRIDAY_EVENING),
            "second_factor_required": False,
            "events_gone": 0,
            "salt": "x",
        }
    )


def insert_agency(agency_id: UUID) -> None:
    """Without the ORM, which after an error refuses the rest of the transaction by itself."""
    ask(
        "INSERT INTO agency_agency SELECT (r).* FROM (SELECT jsonb_populate_record(NULL::agency_agency, %s::jsonb) AS r) x",
        row_of(agency_id),
    )


def address() -> str:
    """Of this database, for somebody else, who sees all that is committed."""
    name = cast("str", ask("SELECT current_database()"))
    return psycopg.conninfo.make_conninfo(os.environ["EARSHOT_TEST_SUPERUSER"], dbname=name)


def elsewhere(sql: str, *given: object) -> Any:
    """As somebody else sees it."""
    with psycopg.connect(address(), autocommit=True) as server:
        return server.execute(sql, given).fetchone()  # type: ignore[arg-type]


class Waits:
    """Something written that waits."""

    def __init__(self, statement: Statement, *values: object) -> None:
        self.asked: Any = (statement, values)

    def take(self) -> Any:
        return self.asked

    def drop(self) -> None:
        self.asked = None

"""Erasing a whole agency: its tables from what refers to what is referred to, a batch at a time; at last itself."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from psycopg import sql

from agency.actions.audit import remove_log
from agency.actions.guesses import forget_account
from agency.models import Agency, Erasure, Membership, User
from agency.tenancy import current_agency
from clients.models import Client
from workflows.inventory import kept

log = structlog.get_logger("earshot.erasures")

ROWS = 2000
# These go at last, in one transaction: the log by the database's own function, members with their users.
LAST = frozenset(
    {
        "agency.Agency",
        "agency.Membership",
        "agency.AuditEntry",
        "agency.AuditLink",
        "agency.AuditChain",
        # Goes with its event: by the database alone.
        "agency.FeedPlace",
        "agency.Erasure",
    }
)


def erase_agency_step(erasure: Erasure) -> bool:
    """Erase the next batch of the agency that was entered; whether it is gone, with the erasure's own row."""
    if erasure.state == Erasure.State.WAITING:
        # From here on its owners can't enter either, and nothing can be called off.
        Membership.objects.filter(agency_id=current_agency(), left_at=None).update(left_at=erasure.due_at)
        # Clients name calendars, and calendars their client: the circle is opened, so that each table goes by itself.
        Client.objects.update(calendar=None)
        erasure.state = Erasure.State.RUNNING
        erasure.save(update_fields=["state"])
        return False
    gone = 0
    for model in reversed([model for model, _ in kept() if model._meta.label not in LAST]):
        gone += _delete_some(model)
        if gone >= ROWS:
            return False
    _erase_the_rest(current_agency())
    return True


def _delete_some(model: type[Model]) -> int:
    table = sql.Identifier(model._meta.db_table)
    statement = sql.SQL(
        "DELETE FROM {table} WHERE agency_id = %s AND id IN (SELECT id FROM {table} WHERE agency_id = %s LIMIT {most})"
    ).format(table=table, most=sql.Literal(ROWS))
    with connection.cursor() as cursor:
        cursor.execute(statement, [current_agency()] * 2)
        gone: int = cursor.rowcount
    return gone


def _erase_the_rest(agency_id: UUID) -> None:
    users = list(_alone(agency_id))
    Membership.objects.filter(agency_id=agency_id).delete()
    for user in users:
        forget_account(user.email)
    _end_sessions({str(user.pk) for user in users}, agency_id)
    # By the ORM's collector: other applications hang what they know of a person (mail addresses, second factors) on it.
    User.objects.filter(pk__in=[user.pk for user in users]).delete()
    entries = remove_log()
    for model in (Erasure, Agency):
        _delete_all(model, agency_id)
    log.warning("erased", kind="agency", agency=str(agency_id), users=len(users), log_entries=entries)


def _alone(agency_id: UUID) -> Iterable[User]:
    """Its people who have, or had, no place elsewhere."""
    elsewhere = Membership.objects.exclude(agency_id=agency_id).values("user")
    return User.objects.filter(memberships__agency=agency_id).exclude(pk__in=elsewhere).distinct()


def _delete_all(model: type[Model], agency_id: UUID) -> None:
    column = "id" if model is Agency else "agency_id"
    statement = sql.SQL("DELETE FROM {} WHERE {} = %s").format(
        sql.Identifier(model._meta.db_table), sql.Identifier(column)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [agency_id])


def _end_sessions(users: set[str], agency_id: UUID) -> None:
    """Of these people, and those that remember the agency, whose people sign in again."""
    over = [
        session.session_key
        for session in Session.objects.iterator(chunk_size=500)
        if _tells_of(session.get_decoded(), users, str(agency_id))
    ]
    Session.objects.filter(session_key__in=over).delete()


def _tells_of(held: dict[str, Any], users: set[str], agency_id: str) -> bool:
    return str(held.get("_auth_user_id")) in users or agency_id in json.dumps(held, default=str)

"""Audit entries: written in the transaction of what they tell, and chained by the database as it commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from agency.actor import Actor, ActorKind
from agency.made import new
from agency.models import AuditEntry, User
from agency.queries.people import actor_of_member, memberships_of
from agency.subjects import client_of
from agency.tenancy import current_agency, tenant
from agency.written import insert


def record(
    action: str,
    *,
    by: Actor,
    subject: Any,
    now: datetime,
    details: dict[str, Any] | None = None,
    client_id: UUID | None = None,
) -> AuditEntry:
    """Append one entry: `action` is `noun.past`, such as `client.changed`.

    Args:
        client_id: the client that it concerns, where the subject itself doesn't say.
    """
    entry = new(
        AuditEntry,
        at=now,
        action=action,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_name=by.name[:120],
        address=by.address[:45],
        subject_type=type(subject)._meta.model_name or "",
        subject_id=subject.pk,
        subject_name=str(subject)[:200],
        client_id=client_id or client_of(subject),
        details=details or {},
    )
    insert(entry)
    return entry


def record_for_user(
    user: User,
    action: str,
    *,
    address: str,
    now: datetime,
    details: dict[str, Any] | None = None,
    proven: bool = True,
    only_in: UUID | None = None,
) -> int:
    """Note what a person did with their own account (`account.signed_in`) in each agency that they work for.

    Not inside an agency: each is entered in turn, in an order that is the same for all.

    Args:
        proven: whether they showed that it is them; a wrong password was somebody's, not theirs.
        only_in: the one agency that it concerns, where an identity provider vouched for them: the others must not learn of
            it, and its owner must not write into their logs.

    Returns:
        In how many agencies it was noted.
    """
    places = sorted(
        (place for place in memberships_of(user) if only_in in {None, place.agency_id}),
        key=lambda membership: membership.agency_id,
    )
    for membership in places:
        by = (
            actor_of_member(membership, address=address)
            if proven
            else _somebody(membership.agency_id, address)
        )
        with tenant(membership.agency_id):
            record(action, by=by, subject=membership, now=now, details=details)
    return len(places)


def _somebody(agency_id: UUID, address: str) -> Actor:
    return Actor(kind=ActorKind.SYSTEM, agency_id=agency_id, id=None, name="Somebody", address=address)


def erase_told(subject_ids: Sequence[UUID], *, client_id: UUID | None = None) -> int:
    """Blank what the log tells about these (people, or things such as mentions), or about a whole client.

    What was done to them loses its name and details, what they did loses theirs, and what a contact did loses both. The
    names of the agency's own people stay, unless they are asked for themselves. The chain still holds, and the database
    adds an entry that says how much was erased; who asked for it is for the caller to record.

    Returns:
        How many entries lost something.
    """
    current_agency()
    with connection.cursor() as cursor:
        cursor.execute("SELECT agency_audit_erase(%s::uuid[], %s::uuid)", [list(subject_ids), client_id])
        erased: int = cursor.fetchone()[0]
    return erased


def remove_log() -> int:
    """Remove the whole log of the agency that was entered, with its chain: the last step of erasing the agency.

    The database refuses, unless the agency is marked as being erased (`Agency.erasing_at`).

    Returns:
        How many entries there were.
    """
    current_agency()
    with connection.cursor() as cursor:
        cursor.execute("SELECT agency_audit_remove()")
        removed: int = cursor.fetchone()[0]
    return removed


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Field → [before, after] of the fields that differ."""
    return {key: [before.get(key), value] for key, value in after.items() if before.get(key) != value}

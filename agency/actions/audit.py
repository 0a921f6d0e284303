"""Audit entries: written in the transaction of what they tell."""

from datetime import datetime
from typing import Any

from agency.actor import Actor
from agency.models import AuditEntry


def record(
    action: str,
    *,
    by: Actor,
    subject: Any,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry: `action` is `noun.past`, such as `client.changed`."""
    entry = AuditEntry(
        at=now,
        action=action,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_name=by.name[:120],
        address=by.address[:45],
        subject_type=type(subject)._meta.model_name or "",
        subject_id=subject.pk,
        subject_name=str(subject)[:200],
        details=details or {},
    )
    entry.save(force_insert=True)
    return entry


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Field → [before, after] of the fields that differ."""
    return {key: [before.get(key), value] for key, value in after.items() if before.get(key) != value}

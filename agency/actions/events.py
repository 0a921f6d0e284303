"""The outbox: what happened, in the transaction that made it happen."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from agency.models import Event
from agency.subjects import client_of


def emit(type_: str, *, subject: Any, now: datetime, data: dict[str, Any] | None = None) -> Event:
    """Append one event; `type_` is `noun.past`, such as `mention.claimed`."""
    event = make_event(type_, subject=subject, now=now, data=data)
    event.save(force_insert=True)
    return event


def make_event(type_: str, *, subject: Any, now: datetime, data: dict[str, Any] | None = None) -> Event:
    return Event(
        at=now,
        type=type_,
        subject_type=type(subject)._meta.model_name or "",
        subject_id=subject.pk,
        client_id=client_of(subject),
        data=data or {},
    )


def emit_many(events: Iterable[Event]) -> None:
    Event.objects.bulk_create(list(events), batch_size=1000)

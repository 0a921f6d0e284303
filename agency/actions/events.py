"""The outbox: what happened, in the transaction that made it happen."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from agency.event_types import check_event
from agency.made import new
from agency.models import Event
from agency.subjects import client_of
from agency.written import insert


def emit(type_: str, *, subject: Any, now: datetime, data: dict[str, Any] | None = None) -> Event:
    """Append one event; `type_` is `noun.past`, such as `mention.claimed`."""
    event = make_event(type_, subject=subject, now=now, data=data)
    insert(event)
    return event


def make_event(type_: str, *, subject: Any, now: datetime, data: dict[str, Any] | None = None) -> Event:
    """An event that isn't stored yet.

    Raises:
        UndeclaredEvent: nobody declared its type, or it has other fields: a programming error.
    """
    check_event(type_, data or {})
    return new(
        Event,
        at=now,
        type=type_,
        subject_type=type(subject)._meta.model_name or "",
        subject_id=subject.pk,
        client_id=client_of(subject),
        data=data or {},
    )


def emit_many(events: Iterable[Event]) -> None:
    insert(*events)

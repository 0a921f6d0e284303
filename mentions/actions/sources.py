"""Sources: places that are read."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agency.actions.alarms import clear_alarms, set_alarm
from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.rights import Right
from clients.models import Client
from mentions.models import Source
from mentions.platforms.registry import PLATFORMS, get_platform

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=7)


def _check(kind: str, settings: dict[str, Any], every: timedelta) -> None:
    if kind not in PLATFORMS:
        raise Invalid.field(
            "kind", f"“{kind}” isn't a kind of source. Known: {', '.join(sorted(PLATFORMS))}."
        )
    problems = get_platform(kind).check_settings(settings)
    if not SOONEST <= every <= LATEST:
        problems["every"] = "A source is read every 1 minute at the most and every 7 days at the least."
    if problems:
        raise Invalid("The source can't be read with these settings.", fields=problems)


def add_source(
    *,
    kind: str,
    name: str,
    settings: dict[str, Any],
    every: timedelta,
    client: Client | None,
    by: Actor,
    now: datetime,
) -> Source:
    """Read a place from now on, for one client or (None) for all.

    Raises:
        Invalid: unknown kind, or settings that its platform refuses, by field.
    """
    by.require(Right.MANAGE)
    _check(kind, settings, every)
    source = Source(
        kind=kind,
        name=name,
        settings=settings,
        every=every,
        client=client,
        created_at=now,
        next_read_at=now,
    )
    source.save(force_insert=True)
    set_alarm("source.read", source.pk, now)
    record("source.added", by=by, subject=source, now=now, details={"kind": kind, "settings": settings})
    emit("source.added", subject=source, now=now, data={"name": name, "kind": kind})
    return source


def change_source(source: Source, *, changes: dict[str, Any], by: Actor, now: datetime) -> Source:
    """Change name, settings, every or client. Other settings begin a new cursor, and are read at once.

    Raises:
        Invalid: by field.
    """
    by.require(Right.MANAGE)
    source = Source.objects.select_for_update().get(pk=source.pk)
    fields = ("name", "settings", "every", "client_id")
    after = {field: value for field, value in changes.items() if field in fields}
    before = {field: getattr(source, field) for field in fields}
    changed = differences(before, after)
    if not changed:
        return source
    for field, value in after.items():
        setattr(source, field, value)
    _check(source.kind, source.settings, source.every)
    if "settings" in changed:
        # Whoever reads it now reads the former place.
        source.cursor, source.lease_until = {}, None
    source.save(update_fields=[*after, "cursor", "lease_until"])
    if not source.paused_at:
        read_soon(source, now=now)
    readable = {field: [str(old), str(new)] for field, (old, new) in changed.items()}
    record("source.changed", by=by, subject=source, now=now, details=readable)
    return source


def pause_source(source: Source, *, by: Actor, now: datetime) -> Source:
    by.require(Right.MANAGE)
    if source.paused_at is None:
        source.paused_at, source.next_read_at = now, None
        source.save(update_fields=["paused_at", "next_read_at"])
        clear_alarms("source.read", [source.pk])
        record("source.paused", by=by, subject=source, now=now)
    return source


def resume_source(source: Source, *, by: Actor, now: datetime) -> Source:
    by.require(Right.MANAGE)
    if source.paused_at is not None:
        source.paused_at = None
        source.save(update_fields=["paused_at"])
        read_soon(source, now=now)
        record("source.resumed", by=by, subject=source, now=now)
    return source


def read_now(source: Source, *, by: Actor, now: datetime) -> Source:
    """Read at the next tick instead of waiting.

    Raises:
        Conflict: it is paused.
    """
    by.require(Right.MANAGE)
    if source.paused_at:
        raise Conflict("This source is paused. Resume it first.")
    read_soon(source, now=now)
    return source


def read_soon(source: Source, *, now: datetime) -> None:
    source.next_read_at = now
    source.save(update_fields=["next_read_at"])
    set_alarm("source.read", source.pk, now)


def delete_source(source: Source, *, by: Actor, now: datetime) -> None:
    """Stop reading for good; the posts found there stay."""
    by.require(Right.MANAGE)
    # The source's lock before its alarm's, as in a reading; whoever reads it now has recorded by then.
    Source.objects.select_for_update().filter(pk=source.pk).first()
    clear_alarms("source.read", [source.pk])
    record("source.deleted", by=by, subject=source, now=now, details={"settings": source.settings})
    source_id: UUID = source.pk
    Source.objects.filter(pk=source_id).delete()

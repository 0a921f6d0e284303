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
from agency.tenancy import all_clients
from agency.vault import VaultError
from clients.models import Client
from mentions.actions.secrets import put_secrets, secrets_of
from mentions.feeds.tokens import TOKEN
from mentions.models import Source
from mentions.platforms.base import Platform
from mentions.platforms.registry import PLATFORMS, get_platform

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=7)


def _platform(kind: str) -> Platform:
    if kind not in PLATFORMS:
        raise Invalid.field(
            "kind", f"“{kind}” isn't a kind of source. Known: {', '.join(sorted(PLATFORMS))}."
        )
    return get_platform(kind)


def _check(platform: Platform, settings: dict[str, Any] | None, every: timedelta) -> None:
    problems = {}
    if settings is not None:
        # A misspelt secret would be stored for all to read.
        unknown = settings.keys() - platform.open - platform.secrets
        problems = {name: f"There is no setting “{name}” here." for name in sorted(unknown)}
        problems |= platform.check_settings(settings)
    if not SOONEST <= every <= LATEST:
        problems["every"] = "A source is read every 1 minute at the most and every 7 days at the least."
    if problems:
        raise Invalid("The source can't be read with these settings.", fields=problems)


def _sorted(platform: Platform, settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(those that may be shown, the secret ones)."""
    shown = {name: value for name, value in settings.items() if name not in platform.secrets}
    return shown, {name: settings[name] for name in platform.secrets if settings.get(name)}


def _stored(source: Source, settings: dict[str, Any]) -> dict[str, str]:
    """The stored secrets that aren't given anew.

    Raises:
        VaultError: they can't be opened; giving all of them anew needs no opening.
    """
    if not set(source.secret_names) - settings.keys():
        return {}
    return {name: value for name, value in secrets_of(source).items() if name not in settings}


def _kept(
    source: Source, platform: Platform, settings: dict[str, Any], stored: dict[str, str]
) -> dict[str, str]:
    """Those of the stored secrets that go to the same place still.

    Raises:
        Invalid: one would go to another place, whose people it was not meant for.
    """
    moved = {
        name for name in stored if platform.goes_to(name, source.settings) != platform.goes_to(name, settings)
    }
    again = "Enter it again, or remove it: what is stored was for another address."
    problems = {name: again for name in sorted(moved) if not name.endswith(TOKEN)}
    if problems:
        raise Invalid("What is stored for one address isn't sent to another.", fields=problems)
    return {name: value for name, value in stored.items() if name not in moved}


def _other_secrets(source: Source, secrets: dict[str, str]) -> bool:
    try:
        return secrets_of(source) != secrets
    except VaultError:
        return True


def _require(source: Source, by: Actor) -> None:
    """Raises: Forbidden, also for a source of all clients where the actor works for some of them only."""
    by.require(Right.MANAGE)
    by.require_client(source.client_id)


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
    """Read a place from now on, for one client or (None) for all. Secret settings are stored sealed.

    Raises:
        Invalid: unknown kind, or settings that its platform refuses, by field.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    platform = _platform(kind)
    settings = platform.tidy(settings)
    _check(platform, settings, every)
    shown, secrets = _sorted(platform, settings)
    source = Source(
        kind=kind,
        name=name,
        settings=shown,
        every=every,
        client=client,
        created_at=now,
        next_read_at=now,
    )
    put_secrets(source, secrets)
    source.save(force_insert=True)
    set_alarm("source.read", source.pk, now)
    details = {"kind": kind, "settings": shown, "secrets": source.secret_names}
    record("source.added", by=by, subject=source, now=now, details=details)
    emit("source.added", subject=source, now=now, data={"name": name, "kind": kind})
    return source


def change_source(source: Source, *, changes: dict[str, Any], by: Actor, now: datetime) -> Source:
    """Change name, settings, every or client. Other settings begin a new cursor, and are read at once.

    Of the settings, a secret one that isn't named stays as it is, and one that is empty is removed.

    Raises:
        Invalid: by field.
    """
    _require(source, by)
    source = Source.objects.select_for_update().get(pk=source.pk)
    fields = ("name", "settings", "every", "client_id")
    after = {field: value for field, value in changes.items() if field in fields}
    before = {field: getattr(source, field) for field in fields}
    platform, resealed = _platform(source.kind), False
    if "settings" in after:
        settings = platform.tidy(after["settings"])
        stored = _stored(source, settings)
        _check(platform, stored | settings, after.get("every", source.every))
        after["settings"], secrets = _sorted(platform, settings)
        secrets |= _kept(source, platform, settings, stored)
        resealed = _other_secrets(source, secrets)
    else:
        _check(platform, None, after.get("every", source.every))
    changed: dict[str, Any] = differences(before, after)
    if not changed and not resealed:
        return source
    if "client_id" in changed:
        by.require_client(after["client_id"])
    for field, value in after.items():
        setattr(source, field, value)
    if resealed:
        put_secrets(source, secrets)
    if "settings" in changed or resealed:
        # Whoever reads it now reads the former place.
        source.cursor, source.lease_until = {}, None
    source.save(update_fields=[*after, "secrets", "secret_names", "cursor", "lease_until"])
    if not source.paused_at:
        read_soon(source, now=now)
    readable: dict[str, Any] = {field: [str(old), str(new)] for field, (old, new) in changed.items()}
    if resealed:
        readable["secrets"] = "changed"
    record("source.changed", by=by, subject=source, now=now, details=readable)
    emit("source.changed", subject=source, now=now, data={"changed": sorted(readable)})
    return source


def pause_source(source: Source, *, by: Actor, now: datetime) -> Source:
    _require(source, by)
    if source.paused_at is None:
        source.paused_at, source.next_read_at = now, None
        source.save(update_fields=["paused_at", "next_read_at"])
        clear_alarms("source.read", [source.pk])
        record("source.paused", by=by, subject=source, now=now)
        emit("source.paused", subject=source, now=now)
    return source


def resume_source(source: Source, *, by: Actor, now: datetime) -> Source:
    _require(source, by)
    if source.paused_at is not None:
        source.paused_at = None
        source.save(update_fields=["paused_at"])
        read_soon(source, now=now)
        record("source.resumed", by=by, subject=source, now=now)
        emit("source.resumed", subject=source, now=now)
    return source


def read_now(source: Source, *, by: Actor, now: datetime) -> Source:
    """Read at the next tick instead of waiting.

    Raises:
        Conflict: it is paused, or its client is archived.
    """
    _require(source, by)
    if source.client is not None and source.client.archived_at is not None:
        raise Conflict(f"{source.client.name} is archived. Restore it first.")
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
    _require(source, by)
    # The source's lock before its alarm's, as in a reading; whoever reads it now has recorded by then.
    Source.objects.select_for_update().filter(pk=source.pk).first()
    clear_alarms("source.read", [source.pk])
    record("source.deleted", by=by, subject=source, now=now, details={"settings": source.settings})
    emit("source.deleted", subject=source, now=now)
    source_id: UUID = source.pk
    with all_clients():
        # Posts found there may be mentions of other clients by now: they lose the source too.
        Source.objects.filter(pk=source_id).delete()

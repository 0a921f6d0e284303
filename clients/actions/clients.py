"""Clients: brands that the agency looks after."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from clients.models import ApprovalPolicy, Client

FIELDS = ("name", "time_zone", "language")
ZONES = frozenset(available_timezones())


def check_zone(zone: str, *, field: str = "time_zone") -> None:
    """Raises: Invalid, unless it is the name of an IANA time zone."""
    if zone not in ZONES:
        raise Invalid.field(field, f"“{zone}” isn't a time zone. Use a name such as Europe/Riga.")


def _save(client: Client, **how: Any) -> None:
    try:
        with transaction.atomic():
            client.save(**how)
    except IntegrityError as error:
        if "client_name_is_one_in_its_agency" in str(error):
            raise Invalid.field("name", f"There is a client called “{client.name}” already.") from None
        raise


def create_client(*, name: str, time_zone: str, language: str, by: Actor, now: datetime) -> Client:
    """Take on a brand. Until its approval policy says otherwise, it is asked before each reply.

    Raises:
        Invalid: the name is taken, or the zone unknown.
    """
    by.require(Right.MANAGE)
    by.require_all_clients()
    check_zone(time_zone)
    client = Client(name=name, time_zone=time_zone, language=language, created_at=now)
    _save(client, force_insert=True)
    ApprovalPolicy(client=client, version=1, created_at=now, created_by=by.name).save(force_insert=True)
    record(
        "client.created",
        by=by,
        subject=client,
        now=now,
        details={f: getattr(client, f) for f in FIELDS},
    )
    emit("client.created", subject=client, now=now, data={"name": client.name})
    return client


def change_client(client: Client, *, changes: dict[str, str], by: Actor, now: datetime) -> Client:
    """Change name, time_zone or language.

    Raises:
        Invalid: the name is taken, or the zone unknown.
    """
    by.require(Right.MANAGE)
    if "time_zone" in changes:
        check_zone(changes["time_zone"])
    before = {field: getattr(client, field) for field in FIELDS}
    after = {field: value for field, value in changes.items() if field in FIELDS}
    changed = differences(before, after)
    if not changed:
        return client
    for field, value in after.items():
        setattr(client, field, value)
    _save(client, update_fields=list(after))
    record("client.changed", by=by, subject=client, now=now, details=changed)
    emit("client.changed", subject=client, now=now, data={"changed": sorted(changed)})
    return client


def archive_client(client: Client, *, by: Actor, now: datetime) -> Client:
    """Stop listening for a client; what was done for it stays readable."""
    by.require(Right.MANAGE)
    if client.archived_at is None:
        client.archived_at = now
        client.save(update_fields=["archived_at"])
        record("client.archived", by=by, subject=client, now=now)
        emit("client.archived", subject=client, now=now)
    return client


def restore_client(client: Client, *, by: Actor, now: datetime) -> Client:
    by.require(Right.MANAGE)
    if client.archived_at is not None:
        client.archived_at = None
        client.save(update_fields=["archived_at"])
        record("client.restored", by=by, subject=client, now=now)
        emit("client.restored", subject=client, now=now)
    return client

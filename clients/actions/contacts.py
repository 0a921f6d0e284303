"""Contacts: people at the client, who act by link."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from agency.actions.audit import differences, record
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from clients.actions.clients import check_zone
from clients.models import Client, Contact

FIELDS = ("name", "email", "part", "time_zone")


def _save(contact: Contact, **how: Any) -> None:
    try:
        with transaction.atomic():
            contact.save(**how)
    except IntegrityError as error:
        if "contact_email_is_one_at_its_client" in str(error):
            raise Invalid.field("email", f"{contact.email} is a contact of this client already.") from None
        raise


def add_contact(
    *,
    client: Client,
    name: str,
    email: str,
    part: str,
    time_zone: str = "",
    by: Actor,
    now: datetime,
) -> Contact:
    """Raises: Invalid, when the address is a contact of this client already, or the zone unknown."""
    by.require(Right.MANAGE)
    if time_zone:
        check_zone(time_zone)
    contact = Contact(
        client=client,
        name=name,
        email=email.lower(),
        part=part,
        time_zone=time_zone,
        created_at=now,
    )
    _save(contact, force_insert=True)
    record(
        "contact.added",
        by=by,
        subject=contact,
        now=now,
        details={"client": client.name, "part": part},
    )
    return contact


def change_contact(contact: Contact, *, changes: dict[str, str], by: Actor, now: datetime) -> Contact:
    by.require(Right.MANAGE)
    if changes.get("time_zone"):
        check_zone(changes["time_zone"])
    before = {field: getattr(contact, field) for field in FIELDS}
    after = {field: value for field, value in changes.items() if field in FIELDS}
    if "email" in after:
        after["email"] = after["email"].lower()
    changed = differences(before, after)
    if changed:
        for field, value in after.items():
            setattr(contact, field, value)
        _save(contact, update_fields=list(after))
        record("contact.changed", by=by, subject=contact, now=now, details=changed)
    return contact


def remove_contact(contact: Contact, *, by: Actor, now: datetime) -> Contact:
    """A contact who left gets no more links, and theirs stop working; what they decided stays."""
    by.require(Right.MANAGE)
    if contact.left_at is None:
        contact.left_at = now
        contact.save(update_fields=["left_at"])
        record("contact.removed", by=by, subject=contact, now=now)
    return contact

"""Contacts: people at the client, who act by link."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from clients.actions.clients import check_zone
from clients.actions.view_links import revoke_view_links
from clients.models import Client, Contact
from clients.words import ContactRight, Part

FIELDS = ("name", "email", "parts", "time_zone")


def _known(parts: Sequence[str]) -> list[str]:
    """Each part once, in the order of the table.

    Raises:
        Invalid: none, or one that isn't known.
    """
    if not parts or not set(parts) <= set(Part.values):
        raise Invalid.field("parts", f"Choose at least one of these: {', '.join(Part.values)}.")
    return [part.value for part in Part if part in parts]


def _told(parts: Sequence[str]) -> str:
    return ", ".join(parts)


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
    parts: Sequence[str],
    time_zone: str = "",
    by: Actor,
    now: datetime,
) -> Contact:
    """Raises: Invalid, when the address is a contact of this client already, or the zone or a part unknown."""
    by.require(Right.MANAGE)
    if time_zone:
        check_zone(time_zone)
    contact = Contact(
        client=client,
        name=name,
        email=email.lower(),
        parts=_known(parts),
        time_zone=time_zone,
        created_at=now,
    )
    _save(contact, force_insert=True)
    record(
        "contact.added",
        by=by,
        subject=contact,
        now=now,
        details={"client": client.name, "parts": _told(contact.parts)},
    )
    emit("contact.added", subject=contact, now=now, data={"parts": contact.parts})
    return contact


def change_contact(contact: Contact, *, changes: dict[str, Any], by: Actor, now: datetime) -> Contact:
    """A part that is taken away ends at once, and with it the links that it gave.

    Raises:
        Invalid: as `add_contact`.
    """
    by.require(Right.MANAGE)
    if changes.get("time_zone"):
        check_zone(changes["time_zone"])
    before = {field: getattr(contact, field) for field in FIELDS}
    after = {field: value for field, value in changes.items() if field in FIELDS}
    if "email" in after:
        after["email"] = after["email"].lower()
    if "parts" in after:
        after["parts"] = _known(after["parts"])
    changed = differences(before, after)
    if changed:
        if "parts" in changed:
            changed["parts"] = [_told(side) for side in changed["parts"]]
        for field, value in after.items():
            setattr(contact, field, value)
        _save(contact, update_fields=list(after))
        if "email" in changed or not contact.may(ContactRight.SEE):
            revoke_view_links(contact, now=now)
        record("contact.changed", by=by, subject=contact, now=now, details=changed)
        emit("contact.changed", subject=contact, now=now, data={"changed": sorted(changed)})
    return contact


def remove_contact(contact: Contact, *, by: Actor, now: datetime) -> Contact:
    """A contact who left gets no more links, and theirs stop working; what they decided stays."""
    by.require(Right.MANAGE)
    if contact.left_at is None:
        contact.left_at = now
        contact.save(update_fields=["left_at"])
        revoke_view_links(contact, now=now)
        record("contact.removed", by=by, subject=contact, now=now)
        emit("contact.removed", subject=contact, now=now)
    return contact

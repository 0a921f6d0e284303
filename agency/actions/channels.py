"""Channels: a member's own, and the agency's rooms. Added, changed, tried out, enabled again, deleted."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Conflict, Forbidden, Invalid
from agency.ids import new_id
from agency.messengers.chat import check_address
from agency.messengers.parcel import Outcome, Parcel
from agency.messengers.send import deliver
from agency.messengers.services import service_of
from agency.messengers.signed import check_webhook_url, new_signing, shown_origin
from agency.models import Agency, Channel, Membership
from agency.rights import Right
from agency.sealed import opened, put
from agency.vault import VaultError

MOST = 10
LONGEST_ADDRESS = 1000
Kind = Channel.Kind
_SHOWN = ("name", "takes", "email", "service")


class NoMember(Forbidden):
    """A key whose maker is nobody's account any more, or Earshot itself, has no channels of its own."""

    code, title = "no_member", "Only members have this"


def add_channel(
    *,
    kind: str,
    name: str,
    takes: str,
    by: Actor,
    now: datetime,
    address: str = "",
    email: str = "",
    room: bool = False,
) -> tuple[Channel, str]:
    """Add a way to reach the actor, or with `room` the agency.

    Returns:
        The channel, and the secret by which a webhook's receiver knows us: shown this once, "" for other kinds.

    Raises:
        Invalid: by field; Conflict: there are too many.
    """
    member = None if room else _member(by)
    by.require(Right.AGENCY if room else Right.READ)
    if kind not in Kind.values:
        raise Invalid.field("kind", f"Choose a kind: {', '.join(Kind.values)}.")
    _check_name(name, takes, member, but=None)
    _check_number(member)
    channel = Channel(
        member=member, kind=kind, name=name, takes=takes, created_by_id=by.member_id, created_at=now
    )
    _lead(channel, address=address, email=email)
    # Again, with nobody beside us: to check an address takes a while.
    _hold_agency(by)
    _check_name(name, takes, member, but=None)
    _check_number(member)
    secret = new_signing() if kind == Kind.WEBHOOK else ""
    put(channel, "signing", secret)
    channel.save(force_insert=True)
    details = {"kind": kind, **{field: getattr(channel, field) for field in _SHOWN if field != "name"}}
    record("channel.added", by=by, subject=channel, now=now, details=details)
    emit("channel.added", subject=channel, now=now, data={"kind": channel.kind})
    return channel, secret


def change_channel(
    channel: Channel,
    *,
    name: str,
    takes: str,
    by: Actor,
    now: datetime,
    address: str | None = None,
    email: str | None = None,
) -> Channel:
    """Change it. None leaves the address as it is; another one enables a channel that was disabled.

    Raises:
        Invalid: by field.
    """
    _own(channel, by)
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    _check_name(name, takes, channel.member, but=channel.pk)
    before = {field: getattr(channel, field) for field in _SHOWN}
    channel.name, channel.takes = name, takes
    if address or email:
        _lead(channel, address=address or "", email=email or "")
    _hold_agency(by)
    _check_name(name, takes, channel.member, but=channel.pk)
    changed: dict[str, Any] = differences(before, {field: getattr(channel, field) for field in _SHOWN})
    if address or "email" in changed:
        channel.failures, channel.disabled_at, channel.disabled_why = 0, None, ""
    if address:
        changed["address"] = "changed"
    if changed:
        channel.save()
        record("channel.changed", by=by, subject=channel, now=now, details=changed)
        emit("channel.changed", subject=channel, now=now, data={"kind": channel.kind})
    return channel


def enable_channel(channel: Channel, *, by: Actor, now: datetime) -> Channel:
    _own(channel, by)
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    if channel.disabled_at is not None:
        channel.failures, channel.disabled_at, channel.disabled_why = 0, None, ""
        channel.save(update_fields=["failures", "disabled_at", "disabled_why"])
        record("channel.enabled", by=by, subject=channel, now=now)
        emit("channel.enabled", subject=channel, now=now, data={"kind": channel.kind})
    return channel


def delete_channel(channel: Channel, *, by: Actor, now: datetime) -> None:
    """What is still on its way by it isn't sent; what was sent stays listed."""
    _own(channel, by)
    record("channel.deleted", by=by, subject=channel, now=now, details={"kind": channel.kind})
    emit("channel.deleted", subject=channel, now=now, data={"kind": channel.kind})
    channel.delete()


def delete_channels_of(member: Membership, *, by: Actor, now: datetime) -> None:
    """Of a member who leaves."""
    for channel in Channel.objects.filter(member=member).order_by("id"):
        record("channel.deleted", by=by, subject=channel, now=now, details={"kind": channel.kind})
        emit("channel.deleted", subject=channel, now=now, data={"kind": channel.kind})
        channel.delete()


# Trying out --------------------------------------------------------------------------------------------


def trial_of(channel: Channel, *, by: Actor, now: datetime) -> Parcel:
    """A message that says that the channel works, to be delivered outside the transaction (`try_out`)."""
    _own(channel, by)
    broken = address = signing = ""
    try:
        address, signing = opened(channel, "address"), opened(channel, "signing")
    except VaultError:
        broken = "Its address can't be opened with the keys that are there. Enter it anew."
    whose = "your channel" if channel.member_id else "the room"
    said = f"This is a test from Earshot, asked for by {by.name or 'you'}: {whose} “{channel.name}” works."
    return Parcel(
        id=new_id(),
        kind="channel.test",
        via=channel.kind,
        subject="A test from Earshot",
        text=f"{said}\n\n{settings.BASE_URL}/",
        short=said[:300],
        at=now,
        to=(channel.member.user.email if channel.member else channel.email),
        address=address,
        signing=signing,
        broken=broken,
        about={"subject_id": str(channel.pk), "client_id": None},
    )


def try_out(parcel: Parcel) -> Outcome:
    """Not inside a transaction: up to half a minute."""
    return deliver(parcel)


def say_outcome(outcome: Outcome) -> str:
    """What came back, for the one who asked."""
    if not outcome.ok:
        return f"The test didn't arrive. {outcome.error}"
    answered = f" It answered {outcome.status}." if outcome.status else ""
    return f"The test is handed over.{answered} Look whether it arrived."


# Checking ----------------------------------------------------------------------------------------------


def _member(by: Actor) -> Membership:
    places = Membership.objects.select_related("user").filter(agency_id=by.agency_id, left_at=None)
    member = places.filter(pk=by.member_id).first() if by.member_id else None
    if member is None:
        raise NoMember("Only a member has channels of their own.")
    return member


def _own(channel: Channel, by: Actor) -> None:
    if channel.member_id is None:
        by.require(Right.AGENCY)
    elif channel.member_id != by.member_id:
        raise Forbidden("Everybody says for themselves how they are reached.")


def _hold_agency(by: Actor) -> None:
    """Until the transaction ends: two who add the same at once come one after the other."""
    Agency.objects.select_for_update(no_key=True).get(pk=by.agency_id)


def _check_number(member: Membership | None) -> None:
    if Channel.objects.filter(member=member).count() >= MOST:
        raise Conflict(f"There are {MOST} already. Delete one that isn't needed.")


def _check_name(name: str, takes: str, member: Membership | None, *, but: UUID | None) -> None:
    if not name.strip():
        raise Invalid.field("name", "Enter a name.")
    if takes not in Channel.Takes.values:
        raise Invalid.field("takes", f"Choose what it takes: {', '.join(Channel.Takes.values)}.")
    if Channel.objects.filter(member=member, name=name).exclude(pk=but).exists():
        raise Invalid.field("name", "There is a channel with this name already.")


def _lead(channel: Channel, *, address: str, email: str) -> None:
    """Check where it is to lead, and set it."""
    if channel.kind == Kind.MAIL:
        _lead_by_mail(channel, address, email)
        return
    if email:
        raise Invalid.field("email", "Only a mail channel of the agency has a mail address.")
    if not address:
        raise Invalid.field("address", "Enter the address.")
    if len(address) > LONGEST_ADDRESS:
        raise Invalid.field("address", f"Use at most {LONGEST_ADDRESS} characters.")
    check = _CHECKS[channel.kind]
    if problem := check(address):
        raise Invalid.field("address", problem)
    channel.service = _service(channel.kind, address)
    put(channel, "address", address)


def _lead_by_mail(channel: Channel, address: str, email: str) -> None:
    if address:
        raise Invalid.field("address", "A mail channel has a mail address only.")
    if channel.member_id is None:
        if not email:
            raise Invalid.field("email", "Enter a mail address.")
        channel.email = email
        return
    if email:
        raise Invalid.field("email", "Mail goes to the address that you sign in with.")
    if Channel.objects.filter(member=channel.member, kind=Kind.MAIL).exclude(pk=channel.pk).exists():
        raise Invalid.field("kind", "You have a mail channel already.")


_CHECKS: Mapping[str, Callable[[str], str]] = {Kind.APPRISE: check_address, Kind.WEBHOOK: check_webhook_url}


def _service(kind: str, address: str) -> str:
    """What may be shown of an address: the service, or the host, never a token."""
    if kind == Kind.APPRISE:
        service = service_of(address)
        return service.name if service else ""
    return shown_origin(address)

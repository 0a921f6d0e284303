"""Members: people of the agency, invited by mail."""

from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.contrib.auth.hashers import make_password
from django.db import transaction

from agency.actions.audit import differences, record
from agency.actions.channels import delete_channels_of
from agency.actions.events import emit
from agency.actions.notices import queue_notice
from agency.actions.sessions import end_sessions
from agency.actions.webhooks.health import note_maker_lost
from agency.actor import Actor, ActorKind
from agency.errors import Conflict, Forbidden, Invalid
from agency.models import Agency, ApiKey, Membership, Notice, User
from agency.queries.people import memberships_of
from agency.queries.second_factor import has_second_factor
from agency.rights import ROLE_RIGHTS, Right, Role

INVITATION = "member.invitation"
# Nobody is helped by a mailbox full of the same.
SELDOM = timedelta(minutes=5)


def create_agency(*, name: str, time_zone: str) -> Agency:
    """A new tenant, still without members. The layers above give it what they need (`workflows.actions.onboarding`)."""
    agency = Agency(name=name, time_zone=time_zone)
    agency.save(force_insert=True)
    return agency


def change_agency(agency: Agency, *, changes: dict[str, str | int], by: Actor, now: datetime) -> Agency:
    """Change name, time_zone, undo_seconds or second_factor_required.

    Raises:
        Invalid: unknown zone, an undo time that isn't 0 to 300 seconds, or asking others for a second factor without
            having one.
    """
    by.require(Right.AGENCY)
    if "time_zone" in changes and changes["time_zone"] not in available_timezones():
        raise Invalid.field(
            "time_zone", f"“{changes['time_zone']}” isn't a time zone. Use a name such as Europe/Riga."
        )
    if "undo_seconds" in changes and not 0 <= int(changes["undo_seconds"]) <= 300:
        raise Invalid.field("undo_seconds", "Between 0 and 300 seconds.")
    if changes.get("second_factor_required") and not agency.second_factor_required:
        _show_the_way(by)
    fields = ("name", "time_zone", "undo_seconds", "second_factor_required")
    after = {field: value for field, value in changes.items() if field in fields}
    changed = differences({field: getattr(agency, field) for field in fields}, after)
    if changed:
        for field, value in after.items():
            setattr(agency, field, value)
        agency.save(update_fields=list(after))
        record("agency.changed", by=by, subject=agency, now=now, details=changed)
        emit("agency.changed", subject=agency, now=now, data={"changed": sorted(changed)})
    return agency


def add_member(
    *, email: str, name: str, role: str, by: Actor, now: datetime, invite: bool = True
) -> Membership:
    """Give a person a place in the agency, and (unless told not to) mail them how to sign in.

    Raises:
        Invalid: an unknown role; Conflict: they are a member already; Forbidden: a role that may do more than who gives it.
    """
    by.require(Right.TEAM)
    _check_role(role, by)
    address = email.strip().lower()
    with transaction.atomic():
        # Another agency may invite the same person at this moment. Whoever is new has no password yet.
        user, _ = User.objects.get_or_create(
            email=address, defaults={"name": name, "password": make_password(None)}
        )
        membership, created = Membership.objects.get_or_create(
            agency_id=by.agency_id, user=user, defaults={"role": role}
        )
    if not created and membership.left_at is None:
        raise Conflict(f"{address} is a member already.")
    if not created:
        membership.role, membership.left_at, membership.client_ids = role, None, None
        membership.save(update_fields=["role", "left_at", "client_ids"])
    if invite:
        queue_notice(kind=INVITATION, to=address, to_name=name, subject_id=membership.pk, now=now)
    record("member.added", by=by, subject=membership, now=now, details={"email": address, "role": role})
    emit("member.added", subject=membership, now=now, data={"role": role})
    return membership


class HasComeIn(Conflict):
    """Who has signed in needs no invitation."""

    code, title = "has_signed_in", "They have signed in already"


def invite_again(membership: Membership, *, by: Actor, now: datetime) -> Membership:
    """Mail a member once more how to sign in: the first mail was lost, or its link is too old by now.

    Raises:
        HasComeIn; Forbidden: somebody else's agency; Conflict: a mail is on its way or a few minutes old.
    """
    by.require(Right.TEAM)
    if membership.agency_id != by.agency_id:
        raise Forbidden
    Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    if membership.user.last_login is not None:
        raise HasComeIn(f"{membership.name} has signed in already, and can ask for a new password.")
    mails = Notice.objects.filter(kind=INVITATION, subject_id=membership.pk)
    if mails.filter(created_at__gt=now - SELDOM).exists():
        raise Conflict("An invitation went out less than five minutes ago. Give it a moment.")
    queue_notice(
        kind=INVITATION, to=membership.user.email, to_name=membership.name, subject_id=membership.pk, now=now
    )
    record("member.invited_again", by=by, subject=membership, now=now)
    return membership


def change_role(membership: Membership, *, role: str, by: Actor, now: datetime) -> Membership:
    """Raises: Invalid: an unknown role; Conflict: the agency would have no owner left; Forbidden: as with `add_member`."""
    by.require(Right.TEAM)
    _check_role(role, by)
    _lock_owners(membership)
    if membership.role == Role.OWNER and role != Role.OWNER:
        _keep_an_owner(membership)
    before, membership.role = membership.role, role
    if before != role:
        if role == Role.OWNER:
            membership.client_ids = None  # an owner works for all clients
        membership.save(update_fields=["role", "client_ids"])
        record("member.changed", by=by, subject=membership, now=now, details={"role": [before, role]})
        note_maker_lost(membership, now=now)
        emit("member.changed", subject=membership, now=now, data={"role": [before, role]})
    return membership


def remove_member(membership: Membership, *, by: Actor, now: datetime) -> Membership:
    """Take a person's place away: they can't enter from the next request on, the keys they made stop, and their
    channels go.

    Their sessions end where it was their last place. Others stay: the person works on in the other agency, and this one
    isn't told that there is one.

    Raises:
        Conflict: the agency would have no owner left; Forbidden: somebody else's agency.
    """
    by.require(Right.TEAM)
    if membership.agency_id != by.agency_id:
        raise Forbidden
    _lock_owners(membership)
    if membership.role == Role.OWNER:
        _keep_an_owner(membership)
    membership.left_at = now
    membership.save(update_fields=["left_at"])
    keys = ApiKey.objects.select_for_update(of=("self",)).filter(created_by=membership, revoked_at=None)
    for key in keys.order_by("id"):
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        record(
            "key.revoked",
            by=by,
            subject=key,
            now=now,
            details={"prefix": key.prefix, "why": "its maker left"},
        )
        emit("key.revoked", subject=key, now=now)
    delete_channels_of(membership, by=by, now=now)
    note_maker_lost(membership, now=now)
    if not memberships_of(membership.user):
        end_sessions(membership.user)
    record("member.removed", by=by, subject=membership, now=now, details={"role": membership.role})
    emit("member.removed", subject=membership, now=now)
    return membership


def _check_role(role: str, by: Actor) -> None:
    """As with keys: a key with this right alone could otherwise invite an owner, and be everything by that."""
    if role not in Role.values:
        raise Invalid.field("role", f"Choose a role: {', '.join(Role.values)}.")
    missing = [right for right in Right if right in ROLE_RIGHTS[Role(role)] and not by.may(right)]
    if missing:
        raise Forbidden(
            f"Nobody gives a role that may do more than they may themselves: {', '.join(missing)}."
        )


def _show_the_way(by: Actor) -> None:
    """Who asks it of everybody has one: else the first whom it stops is the owner, at their next click."""
    if by.kind is not ActorKind.MEMBER or by.id is None:
        return
    asker = Membership.objects.select_related("user").filter(pk=by.id, agency_id=by.agency_id).first()
    if asker is None or not has_second_factor(asker.user):
        raise Invalid.field(
            "second_factor_required",
            "Set up a second factor for yourself first, on the page of your account.",
        )


def _lock_owners(membership: Membership) -> None:
    # Two owners who remove each other at once: the second one sees the first one's result.
    list(
        Membership.objects.select_for_update(of=("self",))
        .filter(agency_id=membership.agency_id, role=Role.OWNER, left_at=None)
        .order_by("id")
        .values_list("pk")
    )
    membership.refresh_from_db(fields=["role", "left_at"])


def _keep_an_owner(membership: Membership) -> None:
    others = Membership.objects.filter(agency_id=membership.agency_id, role=Role.OWNER, left_at=None)
    if not others.exclude(pk=membership.pk).exists():
        raise Conflict("An agency needs an owner. Make somebody else an owner first.")

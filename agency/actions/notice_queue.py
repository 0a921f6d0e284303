"""Queueing notices: one mail, one for each channel of a member, one for each room of the agency."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from agency.actions.alarms import set_alarms
from agency.ids import new_id
from agency.models import Channel, Membership, Notice

SEND = "notice.send"


def queue_notice(
    *,
    kind: str,
    to: str,
    to_name: str,
    subject_id: UUID,
    recipient_id: UUID | None = None,
    client_id: UUID | None = None,
    now: datetime,
) -> Notice:
    """Queue a mail. The alarm rings at once and again until the notice is settled, so a lost task loses nothing."""
    notice = Notice(
        kind=kind,
        to=to,
        to_name=to_name,
        subject_id=subject_id,
        recipient_id=recipient_id,
        client_id=client_id,
        created_at=now,
    )
    notice.save(force_insert=True)
    set_alarms(SEND, {notice.pk: now})
    return notice


def notify_member(
    member: Membership,
    *,
    kind: str,
    subject_id: UUID,
    now: datetime,
    not_before: datetime | None = None,
    urgent: bool = False,
    client_id: UUID | None = None,
) -> list[Notice]:
    """Tell a member, by each of their channels that takes it; by mail where none does.

    The same is not queued twice for one channel while it is under way: what is there already is answered.

    Args:
        not_before: when the member's hours begin, if they aren't to be told now; what is urgent doesn't wait for them.
        urgent: tried a few times quickly and then by mail, instead of over hours.
    """
    batch = new_id()
    channels: list[Channel | None] = [*_channels(Q(member=member), urgent=urgent)]
    fresh = [
        Notice(
            kind=kind,
            via=channel.kind if channel else Channel.Kind.MAIL,
            channel=channel,
            to=member.user.email if channel is None or channel.kind == Channel.Kind.MAIL else "",
            to_name=member.name[:120],
            subject_id=subject_id,
            recipient_id=member.pk,
            member=member,
            client_id=client_id,
            batch=batch,
            urgent=urgent,
            not_before=None if urgent else not_before,
            created_at=now,
        )
        for channel in channels or [None]
    ]
    return _queue(fresh, now)


def notify_rooms(
    *, kind: str, subject_id: UUID, now: datetime, urgent: bool = False, client_id: UUID | None = None
) -> list[Notice]:
    """Tell the agency's rooms that take it; nobody where it has none."""
    batch = new_id()
    fresh = [
        Notice(
            kind=kind,
            via=room.kind,
            channel=room,
            to=room.email,
            to_name=room.name,
            subject_id=subject_id,
            recipient_id=room.pk,
            client_id=client_id,
            batch=batch,
            urgent=urgent,
            created_at=now,
        )
        for room in _channels(Q(member=None), urgent=urgent)
    ]
    return _queue(fresh, now)


def queue_in_their_place(last: Notice, batch: Sequence[Notice], *, now: datetime) -> bool:
    """A mail to the member where each of their channels was given up; False where there is nothing more to try."""
    if last.member is None or last.member.left_at or any(row.via == Channel.Kind.MAIL for row in batch):
        return False
    mail = Notice(
        kind=last.kind,
        to=last.member.user.email,
        to_name=last.to_name,
        subject_id=last.subject_id,
        recipient_id=last.recipient_id,
        member=last.member,
        client_id=last.client_id,
        batch=last.batch,
        urgent=last.urgent,
        created_at=now,
    )
    return bool(_queue([mail], now))


def _channels(whose: Q, *, urgent: bool) -> list[Channel]:
    takes = Q() if urgent else Q(takes=Channel.Takes.ALL)
    return list(Channel.objects.filter(whose, takes, disabled_at=None).order_by("created_at", "id"))


def _queue(fresh: Iterable[Notice], now: datetime) -> list[Notice]:
    """Those that are under way now: these, or what was there already."""
    wanted = list(fresh)
    # Two at once insert one: the other meets the database's constraint, which says what “the same” is.
    Notice.objects.bulk_create(wanted, ignore_conflicts=True)
    queued = set(Notice.objects.filter(pk__in=[n.pk for n in wanted]).values_list("pk", flat=True))
    there = [notice if notice.pk in queued else _open(notice) for notice in wanted]
    under_way = [notice for notice in there if notice is not None]
    set_alarms(SEND, {n.pk: max(n.not_before or now, now) for n in under_way if n.pk in queued})
    return under_way


def _open(notice: Notice) -> Notice | None:
    """What is under way in this one's place; what has become urgent waits for nobody's hours."""
    found: Notice | None = (
        Notice.objects.select_for_update()
        .filter(
            kind=notice.kind,
            subject_id=notice.subject_id,
            recipient_id=notice.recipient_id,
            channel=notice.channel,
            state__in=[Notice.State.QUEUED, Notice.State.SENDING],
        )
        .exclude(batch=None)
        .first()
    )
    if found and notice.urgent and not found.urgent:
        found.urgent, found.not_before = True, None
        found.save(update_fields=["urgent", "not_before"])
        if found.state == Notice.State.QUEUED:
            set_alarms(SEND, {found.pk: notice.created_at})
    return found

"""Climbing the ladder for something urgent: rung by rung, until somebody has it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.alarms import on_alarm, set_alarm
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notices import acknowledge, notify_member, notify_rooms
from agency.actor import Actor
from agency.errors import Conflict
from agency.models import Notice
from agency.rights import Right
from clients.ladder import Rung, Whom
from clients.models import Calendar
from clients.queries.calendars import hours_by_calendar
from clients.queries.ladders import plan_of
from clients.queries.rotas import opens_at
from clients.words import Cover, Priority
from mentions.models import Mention
from mentions.words import CLOSED
from workflows.actions.recipients import Meant, Roster, memberships
from workflows.actions.storms import TOGETHER, Crowd
from workflows.actions.transition import lock_mention
from workflows.models import Escalation, EscalationLine
from workflows.words import CLIMB_TOLD, LADDER_CLIMB

# A mention that somebody is just moving is looked at again a moment later.
BUSY = timedelta(milliseconds=200)
State, What = Escalation.State, EscalationLine.What


class NothingToAcknowledge(Conflict):
    code, title = "nothing_to_acknowledge", "There is nothing to acknowledge"


def lock_free(mentions: Iterable[UUID]) -> dict[UUID, Mention]:
    """Those that nobody else is just moving, locked."""
    rows = Mention.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=set(mentions))
    return {mention.pk: mention for mention in rows.select_related("client").order_by("id")}


@on_alarm(LADDER_CLIMB)
def climb(climbs: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """The next rung of each that is due, once, unless somebody has it by now."""
    owners = dict(Escalation.objects.filter(pk__in=climbs).values_list("pk", "mention_id"))
    mentions = lock_free(owners.values())
    roster = Roster([mention.client_id for mention in mentions.values()], now)
    crowd = Crowd(CLIMB_TOLD, now)
    upcoming: dict[UUID, datetime | None] = {
        pk: now + BUSY for pk, mention_id in owners.items() if mention_id not in mentions
    }
    rows = Escalation.objects.select_for_update(of=("self",)).filter(pk__in=owners, ended_at=None)
    for row in rows.filter(mention_id__in=mentions).select_related("ladder").order_by("id"):
        upcoming[row.pk] = _climb(row, mentions[row.mention_id], roster, crowd, now)
    return upcoming


def _climb(row: Escalation, mention: Mention, roster: Roster, crowd: Crowd, now: datetime) -> datetime | None:
    if mention.state in CLOSED or mention.priority != Priority.URGENT:
        _end(row, State.CLOSED if mention.state in CLOSED else State.CALMED, now)
        return None
    if row.next_at is not None and row.next_at > now:
        at: datetime = row.next_at
        return at
    row.next_at = _covered_from(mention, now) if row.rung == 0 else None
    if row.next_at is None:
        row.next_at = _tell_next(row, mention, roster, crowd, now)
    if row.next_at is None:
        _end(row, State.DONE, now)
    else:
        row.save(update_fields=["rung", "next_at"])
    return row.next_at


def _covered_from(mention: Mention, now: datetime) -> datetime | None:
    """When somebody looks after this client next, where nobody does out of hours; None: now."""
    client = mention.client
    if client.cover != Cover.NONE:
        return None
    calendar_id = (
        client.calendar_id or Calendar.objects.filter(is_default=True).values_list("pk", flat=True).first()
    )
    return opens_at(hours_by_calendar([calendar_id])[calendar_id], now)


def _tell_next(
    row: Escalation, mention: Mention, roster: Roster, crowd: Crowd, now: datetime
) -> datetime | None:
    """Climb until a rung tells somebody, and say when to climb on; None where the ladder is over."""
    plan = plan_of(row.ladder)
    while (rung := plan.rung(row.rung)) is not None:
        row.rung += 1
        if _tell(row, rung, mention, roster, crowd, now):
            return now + timedelta(minutes=rung.wait)
    return None


def _tell(row: Escalation, rung: Rung, mention: Mention, roster: Roster, crowd: Crowd, now: datetime) -> bool:
    """Tell everybody whom the rung means; False where there is nobody."""
    meant = [roster.meant(whom, mention, rung.member) for whom in rung.whom]
    whom_of: dict[UUID, Whom] = {}
    for part in meant:
        for member_id in part.members:
            whom_of.setdefault(member_id, part.whom)
    members = memberships(list(whom_of))
    with_others = {pk for pk in members if crowd.is_full(pk)}
    lines = [
        EscalationLine(
            escalation=row,
            rung=row.rung,
            what=What.NOTIFY,
            whom=whom,
            member_id=pk,
            at=now,
            note=TOGETHER if pk in with_others else "",
        )
        for pk, whom in whom_of.items()
        if pk in members
    ]
    nobody = [_nobody(row, part, now) for part in meant if _worth_saying(part, is_empty=not lines)]
    EscalationLine.objects.bulk_create([*lines, *nobody])
    for pk in (pk for pk in whom_of if pk in members):
        if pk in with_others:
            crowd.gather(members[pk])
            continue
        notify_member(
            members[pk],
            kind=CLIMB_TOLD,
            subject_id=row.pk,
            client_id=mention.client_id,
            urgent=True,
            now=now,
        )
    if row.rung == 1 and crowd.is_full(None):
        crowd.gather(None)
    elif row.rung == 1:
        notify_rooms(kind=CLIMB_TOLD, subject_id=row.pk, client_id=mention.client_id, urgent=True, now=now)
    if lines:
        emit(
            "mention.escalated",
            subject=mention,
            now=now,
            data={"why": "urgent", "rung": row.rung, "told": [str(line.member_id) for line in lines]},
        )
    return bool(lines)


def _worth_saying(part: Meant, *, is_empty: bool) -> bool:
    """That nobody has claimed something new is no news, unless nobody was told for that reason."""
    return not part.members and (is_empty or part.whom is not Whom.ASSIGNEE)


def _nobody(row: Escalation, part: Meant, now: datetime) -> EscalationLine:
    return EscalationLine(
        escalation=row, rung=row.rung, what=What.NOBODY, whom=part.whom, at=now, note=part.why[:300]
    )


def _end(row: Escalation, state: str, now: datetime) -> None:
    row.state, row.ended_at, row.next_at = state, now, None
    row.save(update_fields=["rung", "state", "ended_at", "next_at"])


# Acknowledging ----------------------------------------------------------------------------------------


def lock_climbed(notice: Notice) -> None:
    """The mention first, then what hangs on it."""
    mention_id = Escalation.objects.filter(pk=notice.subject_id).values_list("mention_id", flat=True).first()
    if mention_id is not None:
        lock_mention(mention_id, seen=None, now=notice.created_at)


def taken(notice: Notice, by: Actor, now: datetime) -> None:
    """Somebody who was told has it: nobody else is told."""
    row = Escalation.objects.select_for_update(of=("self",)).filter(pk=notice.subject_id).first()
    if row is not None:
        _take(row, row.mention, by, now)


def reached_nobody(notice: Notice, now: datetime) -> None:
    """The notice was given up. Where nobody else of the rung was told either, the next one is climbed at once."""
    row = Escalation.objects.select_for_update(of=("self",)).filter(pk=notice.subject_id).first()
    if row is None or row.ended_at is not None or row.next_at is None:
        return
    others = Notice.objects.filter(kind=CLIMB_TOLD, subject_id=row.pk, failure_told=False)
    lines = EscalationLine.objects.filter(escalation=row, rung=row.rung, what=What.NOTIFY)
    lines = lines.exclude(member_id=notice.member_id)
    told = set(lines.values_list("member_id", flat=True))
    if lines.filter(note=TOGETHER).exists():
        return  # theirs is on its way with others
    if not others.filter(member_id__in=told).exists():
        row.next_at = now
        row.save(update_fields=["next_at"])
        set_alarm(LADDER_CLIMB, row.pk, now)


def acknowledge_mention(mention_id: UUID, *, by: Actor, now: datetime) -> Escalation:
    """“I have it”, said on the mention's page or by a program.

    Raises:
        NotFound, Forbidden; NothingToAcknowledge: nobody is being told of it, or somebody has it already.
    """
    by.require(Right.RESPOND)
    mention = lock_mention(mention_id, seen=None, now=now)
    row: Escalation | None = (
        Escalation.objects.select_for_update(of=("self",))
        .filter(mention=mention, step="", state__in=[State.WAITING, State.DONE])
        .order_by("-at", "-id")
        .first()
    )
    if row is None or mention.state in CLOSED:
        raise NothingToAcknowledge(_who_has_it(mention))
    notice = Notice.objects.filter(kind=CLIMB_TOLD, subject_id=row.pk, acknowledged_at=None).first()
    if notice is None:
        _take(row, mention, by, now)
    else:
        acknowledge(notice.pk, by=by, now=now)
    row.refresh_from_db()
    return row


def _who_has_it(mention: Mention) -> str:
    last = Escalation.objects.filter(mention=mention, step="").order_by("-at", "-id").first()
    if last is not None and last.ended_by and last.state in {State.TAKEN, State.CLAIMED}:
        return f"{last.ended_by} has it already."
    return "Nobody is being told of this mention."


def _take(row: Escalation, mention: Mention, by: Actor, now: datetime) -> None:
    if row.state not in {State.WAITING, State.DONE}:
        return
    row.state, row.next_at, row.ended_at = State.TAKEN, None, row.ended_at or now
    row.ended_by, row.ended_by_id = by.name[:120] or "Somebody", by.id
    row.save(update_fields=["state", "next_at", "ended_at", "ended_by", "ended_by_id"])
    EscalationLine(
        escalation=row,
        rung=row.rung,
        what=What.ACKNOWLEDGED,
        member_id=by.member_id,
        at=now,
        note=by.name[:300],
    ).save(force_insert=True)
    record("mention.acknowledged", by=by, subject=mention, now=now)
    emit("mention.acknowledged", subject=mention, now=now, data={"by": by.name, "rung": row.rung})

"""What a ladder says to a clock's step: tell people, hand the mention on, raise its priority. Each once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from agency.actions.alarms import on_alarm
from agency.actions.events import emit
from agency.actions.notices import notify_member
from agency.actor import Actor, system
from agency.errors import DomainError
from agency.tenancy import current_agency
from clients.ladder import PRIORITIES, Do, Step, Whom
from clients.queries.ladders import plan_of
from clients.queries.rotas import reached_from
from clients.words import Priority
from mentions.models import Mention
from mentions.words import CLOSED
from workflows.actions.climbing import BUSY, lock_free
from workflows.actions.moves import assign_mention, set_priority
from workflows.actions.recipients import Meant, Roster, memberships
from workflows.clock import BREACH
from workflows.models import Escalation, EscalationLine
from workflows.words import LADDER_STEP, STEP_TOLD

State, What = Escalation.State, EscalationLine.What


@on_alarm(LADDER_STEP)
def answer_steps(steps: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """What each step asks for, unless it is over by now."""
    owners = dict(Escalation.objects.filter(pk__in=steps).values_list("pk", "mention_id"))
    mentions = lock_free(owners.values())
    roster = Roster([mention.client_id for mention in mentions.values()], now)
    rows = Escalation.objects.select_for_update(of=("self",)).filter(pk__in=owners, ended_at=None)
    for row in rows.filter(mention_id__in=mentions).select_related("ladder", "clock").order_by("at", "id"):
        mentions[row.mention_id] = _answer(row, mentions[row.mention_id], roster, now)
    return {pk: now + BUSY for pk, mention_id in owners.items() if mention_id not in mentions}


def _answer(row: Escalation, mention: Mention, roster: Roster, now: datetime) -> Mention:
    """The mention as it is afterwards."""
    if is_over(row, mention):
        _end(row, State.CLOSED, now)
        return mention
    by = system(current_agency())
    for step in plan_of(row.ladder).answer(row.clock.kind, mention.priority, row.step):
        if step.do is Do.RAISE:
            mention = _raise(row, mention, by, now)
        elif step.do is Do.REASSIGN:
            mention = _reassign(row, step, mention, roster, by, now)
        else:
            _tell(row, roster.meant(_whom(step), mention, step.member), mention, now)
    _end(row, State.DONE, now)
    told = EscalationLine.objects.filter(escalation=row, what=What.NOTIFY).values_list("member_id", flat=True)
    data = {"why": f"{row.clock.kind}:{row.step}", "rung": None, "told": [str(member) for member in told]}
    emit("mention.escalated", subject=mention, now=now, data=data)
    return mention


def is_over(row: Escalation, mention: Mention) -> bool:
    """Whether there is nothing left to warn of: the mention is closed, the clock stands, or waits for somebody else."""
    clock = row.clock
    if mention.state in CLOSED or clock is None or clock.stopped_at is not None:
        return True
    return clock.running_since is None and row.step != BREACH


def _whom(step: Step) -> Whom:
    return step.whom or Whom.ASSIGNEE


def _tell(
    row: Escalation,
    meant: Meant,
    mention: Mention,
    now: datetime,
    *,
    note: str = "",
    what: str = What.NOTIFY,
) -> None:
    """Each once, however many of the ladder's answers mean them; in their own hours, unless it is urgent."""
    if not meant.members:
        _note(row, What.NOBODY, now, whom=meant.whom, note=meant.why)
        return
    already = set(
        EscalationLine.objects.filter(escalation=row, what=What.NOTIFY).values_list("member_id", flat=True)
    )
    members = memberships([pk for pk in meant.members if pk not in already])
    is_urgent = mention.priority == Priority.URGENT
    waits = dict.fromkeys(members) if is_urgent else reached_from(list(members), now)
    for pk, member in members.items():
        _note(row, what, now, whom=meant.whom, member=pk, note=note, not_before=waits[pk])
        notify_member(
            member,
            kind=STEP_TOLD,
            subject_id=row.pk,
            client_id=mention.client_id,
            not_before=waits[pk],
            urgent=is_urgent,
            now=now,
        )


def _reassign(
    row: Escalation, step: Step, mention: Mention, roster: Roster, by: Actor, now: datetime
) -> Mention:
    """Hand it on to one of those who are meant; where nobody works on it yet, that one is told instead."""
    meant = roster.meant(_whom(step), mention, step.member)
    taker = roster.least_busy(meant.members)
    if taker is None:
        _note(row, What.NOBODY, now, whom=meant.whom, note=meant.why)
        return mention
    one = Meant(meant.whom, (taker,))
    if mention.assignee_id is None:
        _tell(row, one, mention, now, note="Nobody works on it, so it can't be handed on.")
        return mention
    if mention.assignee_id != taker:
        try:
            mention = assign_mention(mention.pk, member_id=taker, by=by, seen=None, now=now)
        except DomainError as error:
            _note(row, What.NOBODY, now, whom=meant.whom, note=error.message)
            return mention
        _note(row, What.REASSIGN, now, whom=meant.whom, member=taker)
    _tell(row, one, mention, now)
    return mention


def _raise(row: Escalation, mention: Mention, by: Actor, now: datetime) -> Mention:
    """To the next higher priority; what is urgent stays so."""
    at = PRIORITIES.index(mention.priority)
    if at == 0:
        return mention
    raised = PRIORITIES[at - 1]
    before = Priority(mention.priority).label
    mention = set_priority(mention.pk, priority=raised, by=by, seen=None, now=now)
    _note(row, What.RAISE, now, note=f"{before} to {Priority(raised).label}")
    return mention


def _note(
    row: Escalation,
    what: str,
    now: datetime,
    *,
    whom: str = "",
    member: UUID | None = None,
    note: str = "",
    not_before: datetime | None = None,
) -> None:
    line = EscalationLine(
        escalation=row,
        what=what,
        whom=whom,
        member_id=member,
        at=now,
        note=note[:300],
        not_before=not_before,
    )
    # The same answer twice in one ladder says nothing new.
    EscalationLine.objects.bulk_create([line], ignore_conflicts=True)


def _end(row: Escalation, state: str, now: datetime) -> None:
    row.state, row.ended_at = state, now
    row.save(update_fields=["state", "ended_at"])

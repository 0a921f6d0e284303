"""What responders do with a mention, besides answering it: claim, give back, dismiss, reopen, set its priority."""

from datetime import datetime
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Forbidden, Invalid
from agency.models import Membership
from agency.queries.people import actor_of_member, get_member
from agency.rights import Right
from clients.words import Priority
from mentions.models import Mention
from mentions.words import CLOSED, DismissReason, Move
from workflows.actions.clocks import retarget_clocks
from workflows.actions.escalation import escalate_urgent
from workflows.actions.requests import withdraw_request
from workflows.actions.transition import MoveNotPossible, lock_mention, transition
from workflows.models import Response


def _assignee(by: Actor, member_id: UUID | None, mention_id: UUID) -> UUID:
    """Who the mention will belong to: the named member, else the actor.

    Raises:
        Invalid: no such member, one who can't work on it, or the actor is no member and names none.
    """
    chosen = member_id or by.member_id
    if chosen is None:
        raise Invalid.field("assignee", "Name the member who takes this mention.")
    if chosen != by.member_id:
        _check_member(get_member(chosen, agency_id=by.agency_id), mention_id)
    return chosen


def _check_member(member: Membership | None, mention_id: UUID) -> None:
    """Raises: Invalid, unless this is a member who answers mentions, of this one's client too."""
    if member is None:
        raise Invalid.field("assignee", "There is no such member in this agency.")
    actor = actor_of_member(member)
    if not actor.may(Right.RESPOND):
        raise Invalid.field("assignee", f"{member.name} only reads. Choose somebody who answers mentions.")
    if actor.clients is not None:
        client_id = Mention.objects.filter(pk=mention_id).values_list("client_id", flat=True).first()
        if client_id is not None and not actor.works_for(client_id):
            raise Invalid.field(
                "assignee", f"{member.name} doesn't work for this client. Choose somebody else."
            )


def claim_mention(
    mention_id: UUID, *, by: Actor, seen: int | None, now: datetime, assignee_id: UUID | None = None
) -> Mention:
    """Take a new mention on; one winner under a race.

    Raises:
        NotFound, Forbidden, MentionMovedOn, MoveNotPossible, Invalid.
    """
    by.require(Right.RESPOND)
    chosen = _assignee(by, assignee_id, mention_id)
    return transition(mention_id, Move.CLAIM, by=by, seen=seen, now=now, assignee_id=chosen)


def release_mention(mention_id: UUID, *, by: Actor, seen: int | None, now: datetime) -> Mention:
    """Give a claimed mention back to the queue."""
    return transition(mention_id, Move.RELEASE, by=by, seen=seen, now=now)


def dismiss_mention(
    mention_id: UUID, *, reason: str, note: str = "", by: Actor, seen: int | None, now: datetime
) -> Mention:
    """Close without an answer. What the client was asked is taken back.

    Raises:
        Invalid: not one of the reasons; else as `transition`.
    """
    if reason not in DismissReason.values:
        raise Invalid.field("reason", f"Choose a reason: {', '.join(DismissReason.values)}.")
    mention = transition(
        mention_id, Move.DISMISS, by=by, seen=seen, now=now, reason=reason, note=note or reason
    )
    withdraw_request(mention, now=now)
    return mention


def reopen_mention(
    mention_id: UUID, *, note: str = "", by: Actor, seen: int | None, now: datetime
) -> Mention:
    """Work on a closed mention again; a new clock starts, the old ones keep their result."""
    by.require(Right.RESPOND)
    mention = transition(
        mention_id,
        Move.REOPEN,
        by=by,
        seen=seen,
        now=now,
        note=note,
        assignee_id=_assignee(by, None, mention_id),
    )
    Response.objects.filter(mention=mention, closed_at=None).update(closed_at=now)
    return mention


def set_priority(mention_id: UUID, *, priority: str, by: Actor, seen: int | None, now: datetime) -> Mention:
    """Change how urgent a mention is; its clocks get the targets of that priority and keep the time they used.

    Raises:
        Invalid: no such priority; MoveNotPossible: the mention is closed; else as `transition`.
    """
    by.require(Right.RESPOND)
    if priority not in Priority.values:
        raise Invalid.field("priority", f"Choose a priority: {', '.join(Priority.values)}.")
    mention = lock_mention(mention_id, seen=seen, now=now)
    if mention.state in CLOSED:
        raise MoveNotPossible("A closed mention keeps its priority. Reopen it first.")
    before = mention.priority
    if before == priority:
        return mention
    mention.priority = priority
    mention.version += 1
    retarget_clocks(mention, now=now)
    mention.save()
    escalate_urgent([mention], now=now, by=by)
    change = {"priority": [before, priority]}
    record("mention.prioritised", by=by, subject=mention, now=now, details=change)
    emit("mention.prioritised", subject=mention, now=now, data={**change, "version": mention.version})
    return mention


def assign_mention(
    mention_id: UUID, *, member_id: UUID, by: Actor, seen: int | None, now: datetime
) -> Mention:
    """Hand a claimed mention to another member.

    Raises:
        Invalid: no such member; MoveNotPossible: nobody works on it; Forbidden: neither the assignee nor a manager.
    """
    by.require(Right.RESPOND)
    mention = lock_mention(mention_id, seen=seen, now=now)
    if mention.assignee_id is None or mention.state in CLOSED:
        raise MoveNotPossible("Only a mention that somebody works on can be handed on. Claim it first.")
    if mention.assignee_id != by.member_id and not by.may(Right.MANAGE):
        raise Forbidden("Only who claimed it, or a manager, can hand it on.")
    before, mention.assignee_id = mention.assignee_id, _assignee(by, member_id, mention_id)
    mention.version += 1
    mention.save(update_fields=["assignee", "version"])
    change = {"assignee": [str(before), str(mention.assignee_id)]}
    record("mention.assigned", by=by, subject=mention, now=now, details=change)
    emit("mention.assigned", subject=mention, now=now, data={**change, "version": mention.version})
    return mention

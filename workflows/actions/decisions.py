"""What a contact decides: pinned to the text that was read, undoable for a while, then in effect."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.alarms import clear_alarms, on_alarm, set_alarm
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notices import queue_notice
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.models import Agency
from agency.tenancy import current_agency
from agency.text import clean
from clients.models import Contact
from clients.queries.contacts import contact_actor
from clients.words import ContactRight
from mentions.models import Mention
from mentions.words import Move
from workflows.actions.publications import queue_publication
from workflows.actions.responses import add_version, check_text
from workflows.actions.transition import lock_mention, transition
from workflows.models import Approval, Decision
from workflows.words import BY_HAND, DECISION_EFFECTIVE, RECEIPT, TOLD

Verdict = Decision.Verdict
# A mention that somebody is just moving is looked at again a moment later.
BUSY = timedelta(seconds=1)
REASONS = {
    "tone": "The tone isn't right",
    "facts": "Something is wrong",
    "length": "It's too long",
    "legal": "We can't say that",
    "other": "Something else",
}


class ChangedMeanwhile(Conflict):
    """The text is another than the one that was read."""

    code, title = "changed_meanwhile", "It changed while you read it"


class AlreadyDecided(Conflict):
    code, title = "already_decided", "This was decided already"


class DecidesNoLonger(Conflict):
    code, title = "decides_no_longer", "You don't decide replies any more"


class TooLateToUndo(Conflict):
    code, title = "too_late_to_undo", "It's too late to undo that"


def decide(
    approval_id: UUID,
    *,
    contact: Contact,
    verdict: str,
    read_digest: str,
    text: str = "",
    reasons: Sequence[str] = (),
    comment: str = "",
    address: str = "",
    now: datetime,
) -> Decision:
    """Decide a request. It takes effect when the agency's undo time is over.

    Args:
        read_digest: of the version that the contact had before them.
        text: the contact's own wording, for an approval with edits.

    Raises:
        Invalid: no verdict, or one without what it needs.
        ChangedMeanwhile: another version is asked about by now.
        AlreadyDecided: somebody else was quicker, or the request was taken back.
        DecidesNoLonger: the contact lost the right, or left, a moment ago.
    """
    if verdict not in Verdict.values:
        raise Invalid.field("verdict", "Choose what should happen with this reply.")
    comment = clean(comment, multiline=True, max_length=2000).strip()
    chosen = [reason for reason in reasons if reason in REASONS]
    if verdict == Verdict.CHANGE and not (comment or chosen):
        raise Invalid.field("comment", "Say what should change, or choose a reason.")
    edited = check_text(text) if verdict == Verdict.EDIT else ""
    mention, approval = _lock(approval_id, now=now)
    contact = _decider(contact.pk)
    if approval.version.digest != read_digest:
        raise ChangedMeanwhile("The reply is another one by now. Please read it again before you decide.")
    if approval.state != Approval.State.OPEN:
        raise AlreadyDecided(
            "Somebody decided this before you, or the agency took it back. There's nothing left to do."
        )
    by = contact_actor(contact, address=address)
    version = approval.version
    if verdict == Verdict.EDIT and edited != version.text:
        version = add_version(version.response, mention=mention, text=edited, by=by, now=now)
    decision = Decision(
        approval=approval,
        contact=contact,
        version=version,
        digest=version.digest,
        verdict=verdict,
        reasons=chosen,
        comment=comment,
        address=address,
        at=now,
        effective_at=now + timedelta(seconds=_undo_seconds()),
    )
    decision.save(force_insert=True)
    approval.state = Approval.State.DECIDED
    approval.save(update_fields=["state"])
    set_alarm(DECISION_EFFECTIVE, decision.pk, decision.effective_at)
    queue_notice(
        kind=RECEIPT,
        to=contact.email,
        to_name=contact.name,
        subject_id=decision.pk,
        recipient_id=contact.pk,
        now=now,
    )
    told = {"verdict": verdict, "version": version.number, "digest": version.digest}
    record("approval.decided", by=by, subject=mention, now=now, details={**told, "comment": comment})
    emit(
        "approval.decided",
        subject=mention,
        now=now,
        data={**told, "approval": str(approval.pk), "effective_at": decision.effective_at.isoformat()},
    )
    return decision


def undo_decision(decision_id: UUID, *, contact: Contact, address: str = "", now: datetime) -> Approval:
    """Take a decision back before it takes effect.

    Raises:
        TooLateToUndo: it took effect, or was undone already.
        DecidesNoLonger: as `decide`.
    """
    found = Decision.objects.select_related("approval").filter(pk=decision_id, contact=contact).first()
    if found is None:
        raise TooLateToUndo("There is nothing to undo.")
    mention, approval = _lock(found.approval_id, now=now)
    contact = _decider(contact.pk)
    decision = Decision.objects.select_for_update().get(pk=decision_id)
    if decision.state != Decision.State.PENDING or decision.effective_at <= now:
        raise TooLateToUndo("Your decision is in effect. Ask the agency if you want something else.")
    decision.state = Decision.State.UNDONE
    decision.save(update_fields=["state"])
    approval.state = Approval.State.OPEN
    approval.save(update_fields=["state"])
    clear_alarms(DECISION_EFFECTIVE, [decision.pk])
    by = contact_actor(contact, address=address)
    record("approval.undone", by=by, subject=mention, now=now, details={"verdict": decision.verdict})
    data = {"approval": str(approval.pk), "verdict": decision.verdict}
    emit("approval.undone", subject=mention, now=now, data=data)
    return approval


@on_alarm(DECISION_EFFECTIVE)
def put_into_effect(decisions: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Decisions whose undo time is over move their mentions."""
    return {decision_id: _take_effect(decision_id, now) for decision_id in decisions}


def _take_effect(decision_id: UUID, now: datetime) -> datetime | None:
    found = Decision.objects.select_related("approval").filter(pk=decision_id).first()
    if found is None:
        return None
    # Who undoes or recalls holds the mention and waits for the alarm, which the sweep holds: so it doesn't wait.
    if not Mention.objects.select_for_update(skip_locked=True).filter(pk=found.approval.mention_id).exists():
        return now + BUSY
    mention, approval = _lock(found.approval_id, now=now)
    decision = (
        Decision.objects.select_for_update(of=("self",))
        .select_related("contact", "version")
        .get(pk=decision_id)
    )
    if decision.state != Decision.State.PENDING:
        return None
    if decision.effective_at > now:
        at: datetime = decision.effective_at
        return at
    by = contact_actor(decision.contact, address=decision.address)
    decision.state = Decision.State.EFFECTIVE
    decision.save(update_fields=["state"])
    if decision.verdict == Verdict.CHANGE:
        _send_back(mention, approval, decision, by=by, now=now)
    else:
        _approve(mention, approval, decision, by=by, now=now)
    _tell_assignee(mention, decision, now=now)
    return None


def _approve(mention: Mention, approval: Approval, decision: Decision, *, by: Actor, now: datetime) -> None:
    version = decision.version
    mention = transition(
        mention.pk,
        Move.APPROVE,
        by=by,
        seen=None,
        now=now,
        note=f"Version {version.number}",
        hand_made=version.lane == BY_HAND,
    )
    approval.state, approval.closed_at = Approval.State.APPROVED, now
    approval.save(update_fields=["state", "closed_at"])
    queue_publication(mention, version, approved_digest=decision.digest, now=now)


def _send_back(mention: Mention, approval: Approval, decision: Decision, *, by: Actor, now: datetime) -> None:
    wishes = [REASONS[reason] for reason in decision.reasons] + (
        [decision.comment] if decision.comment else []
    )
    transition(mention.pk, Move.REQUEST_CHANGES, by=by, seen=None, now=now, note=". ".join(wishes))
    approval.state, approval.closed_at = Approval.State.CHANGES, now
    approval.save(update_fields=["state", "closed_at"])


def _tell_assignee(mention: Mention, decision: Decision, *, now: datetime) -> None:
    member = mention.assignee
    if member is not None and member.left_at is None:
        queue_notice(
            kind=TOLD,
            to=member.user.email,
            to_name=member.name,
            subject_id=decision.pk,
            recipient_id=member.pk,
            now=now,
        )


def _lock(approval_id: UUID, *, now: datetime) -> tuple[Mention, Approval]:
    """The mention first, then the request: the order of every door."""
    mention_id = Approval.objects.filter(pk=approval_id).values_list("mention_id", flat=True).get()
    mention = lock_mention(mention_id, seen=None, now=now)
    approval = (
        Approval.objects.select_for_update(of=("self",))
        .select_related("version__response")
        .get(pk=approval_id)
    )
    return mention, approval


def _decider(contact_id: UUID) -> Contact:
    """The contact as they are now, held until this is through: a right that is taken away meanwhile waits or wins."""
    contact: Contact = Contact.objects.select_for_update(no_key=True).get(pk=contact_id)
    if not contact.may(ContactRight.DECIDE):
        raise DecidesNoLonger("Deciding replies isn't yours any more. Ask your agency if that's a mistake.")
    return contact


def _undo_seconds() -> int:
    seconds: int = Agency.objects.values_list("undo_seconds", flat=True).get(pk=current_agency())
    return seconds

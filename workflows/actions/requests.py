"""Asking the client: a request to its approvers to decide one version, and taking it back."""

from datetime import datetime
from uuid import UUID

from agency.actions.alarms import clear_alarms
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notices import queue_notice
from agency.actor import Actor, system
from agency.errors import Conflict, Forbidden, Invalid, NotFound
from agency.models import Notice
from agency.rights import Right
from agency.tenancy import current_agency
from clients.models import ApprovalPolicy, Contact
from clients.queries.calendars import hours_by_calendar
from clients.queries.clients import approvers_of, current_approval_policy
from clients.words import ClockKind
from mentions.models import Mention
from mentions.words import Move
from workflows.actions.clocks import hand_over, void_hand_over
from workflows.actions.links import revoke_links
from workflows.actions.publications import queue_publication, withdraw_publication
from workflows.actions.responses import latest_version
from workflows.actions.transition import lock_mention, transition
from workflows.models import Approval, Decision, Response, Version
from workflows.queries.promises import promises_to
from workflows.words import BY_HAND, DECISION_EFFECTIVE, REQUEST


class NothingToApprove(Conflict):
    """The client's approval policy asks nobody."""

    code, title = "nothing_to_approve", "Nobody needs to be asked"


def request_approval(mention_id: UUID, *, by: Actor, seen: int | None, now: datetime) -> Approval:
    """Ask the client's approvers to decide the reply's latest version.

    Raises:
        NothingToApprove: the approval policy asks nobody.
        Invalid: there is no reply yet, or the client has no approver.
        NotFound, Forbidden, MentionMovedOn, MoveNotPossible.
    """
    by.require(Right.RESPOND)
    mention = lock_mention(mention_id, seen=seen, now=now)
    policy = current_approval_policy(mention.client_id)
    if policy.asks == ApprovalPolicy.Asks.NOBODY:
        raise NothingToApprove("This client's replies go out without asking. Approve it yourself.")
    version = _reply_of(mention)
    approvers = approvers_of(mention.client_id)
    if not approvers:
        raise Invalid.field(
            "contacts", f"{mention.client.name} has no approver. Add a contact who decides replies."
        )
    mention = transition(mention_id, Move.SUBMIT, by=by, seen=None, now=now, note=f"Version {version.number}")
    approval = Approval(
        mention=mention,
        version=version,
        policy=policy,
        requested_by=by.name,
        requested_at=now,
        needed_by=_needed_by(mention, now),
    )
    approval.save(force_insert=True)
    for contact in approvers:
        mail_request(approval, contact, now=now)
    # Ids and no names: whoever is erased is then nowhere in the log.
    contacts = [str(contact.pk) for contact in approvers]
    asked = {"version": version.number, "digest": version.digest, "contacts": contacts}
    record("approval.asked", by=by, subject=mention, now=now, details=asked)
    data = {**asked, "approval": str(approval.pk), "needed_by": approval.needed_by.isoformat()}
    emit("approval.asked", subject=mention, now=now, data=data)
    return approval


def mail_request(approval: Approval, contact: Contact, *, now: datetime) -> None:
    """Queue the mail with this approver's link."""
    queue_notice(
        kind=REQUEST,
        to=contact.email,
        to_name=contact.name,
        subject_id=approval.pk,
        recipient_id=contact.pk,
        now=now,
    )


def approve_without_client(mention_id: UUID, *, by: Actor, seen: int | None, now: datetime) -> Mention:
    """Send the reply's latest version on its way where the approval policy asks nobody.

    Raises:
        Forbidden: the policy asks the client; else as `request_approval`.
    """
    by.require(Right.RESPOND)
    mention = lock_mention(mention_id, seen=seen, now=now)
    if current_approval_policy(mention.client_id).asks != ApprovalPolicy.Asks.NOBODY:
        raise Forbidden(f"{mention.client.name} wants to see replies before they go out. Ask the client.")
    version = _reply_of(mention)
    mention = transition(
        mention_id,
        Move.CLEAR,
        by=by,
        seen=None,
        now=now,
        note=f"Version {version.number}",
        hand_made=version.lane == BY_HAND,
    )
    queue_publication(mention, version, approved_digest=version.digest, now=now)
    return mention


def recall_request(mention_id: UUID, *, by: Actor, seen: int | None, now: datetime) -> Mention:
    """Take the request back from the client before it is decided."""
    mention = transition(mention_id, Move.RECALL, by=by, seen=seen, now=now)
    withdraw_request(mention, now=now)
    return mention


def revise_reply(mention_id: UUID, *, by: Actor, seen: int | None, now: datetime) -> Mention:
    """Take an approved reply back before it went out; a new version needs a new approval.

    Raises:
        Conflict: it is being sent, or may be live; else as `transition`.
    """
    by.require(Right.RESPOND)
    mention = lock_mention(mention_id, seen=seen, now=now)
    withdraw_publication(mention, now=now)
    return transition(mention_id, Move.REVISE, by=by, seen=None, now=now)


def withdraw_request(mention: Mention, *, now: datetime) -> None:
    """Close an open request of a mention, void what waits to take effect, and stop its links."""
    approval = Approval.objects.select_for_update().filter(mention=mention, closed_at=None).first()
    if approval is None:
        return
    approval.state, approval.closed_at = Approval.State.WITHDRAWN, now
    approval.save(update_fields=["state", "closed_at"])
    pending = list(
        Decision.objects.filter(approval=approval, state=Decision.State.PENDING).values_list("pk", flat=True)
    )
    Decision.objects.filter(pk__in=pending).update(state=Decision.State.VOID)
    clear_alarms(DECISION_EFFECTIVE, pending)
    revoke_links(approval, now=now)
    emit("approval.withdrawn", subject=mention, now=now, data={"approval": str(approval.pk)})


def note_delivery(approval_id: UUID, *, now: datetime) -> None:
    """The request is with the first of the approvers: from now on the time is the client's."""
    # The mention's lock comes first, everywhere, so that two doors can't wait for each other.
    found = Approval.objects.filter(pk=approval_id).values_list("mention_id", flat=True).first()
    if found is None:
        raise NotFound
    mention = lock_mention(found, seen=None, now=now)
    approval = Approval.objects.select_for_update().get(pk=approval_id)
    if approval.delivered_at is None and approval.state == Approval.State.OPEN:
        approval.delivered_at = now
        approval.save(update_fields=["delivered_at"])
        record("approval.delivered", by=system(current_agency()), subject=mention, now=now)
        emit("approval.delivered", subject=mention, now=now, data={"approval": str(approval.pk)})
        hand_over(mention, now=now)


def note_bounce(approval_id: UUID, *, now: datetime) -> None:
    """A mail with the request reached nobody. Where none is left that did or may, the time since was ours all along."""
    found = Approval.objects.filter(pk=approval_id).values_list("mention_id", flat=True).first()
    if found is None:
        return
    mention = lock_mention(found, seen=None, now=now)
    approval = Approval.objects.select_for_update().get(pk=approval_id)
    mails = Notice.objects.filter(kind=REQUEST, subject_id=approval_id)
    if approval.delivered_at is None or approval.state != Approval.State.OPEN:
        return
    if mails.exclude(state=Notice.State.FAILED).exists():
        return
    approval.delivered_at = None
    approval.save(update_fields=["delivered_at"])
    record("approval.bounced", by=system(current_agency()), subject=mention, now=now)
    emit("approval.bounced", subject=mention, now=now, data={"approval": str(approval.pk)})
    void_hand_over(mention, now=now)


def _reply_of(mention: Mention) -> Version:
    response = Response.objects.filter(mention=mention, closed_at=None).first()
    version = latest_version(response) if response else None
    if version is None:
        raise Invalid.field("text", "Write the reply first.")
    return version


def _needed_by(mention: Mention, now: datetime) -> datetime:
    """When the client has used up what was promised for it, if the request reaches it at once."""
    promise = promises_to({mention.client_id}, now=now).of(
        mention.client_id, ClockKind.DECIDE, mention.priority
    )
    hours = hours_by_calendar([promise.calendar_id])[promise.calendar_id]
    return hours.walk(now, promise.target)

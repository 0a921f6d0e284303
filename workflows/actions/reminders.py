"""Asking the client again: a fresh link by mail to approvers who haven't decided."""

from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.audit import record
from agency.actor import Actor
from agency.errors import Conflict, Invalid, NotFound
from agency.models import Notice
from agency.rights import Right
from clients.models import Contact
from clients.queries.clients import approvers_of
from mentions.models import Mention
from workflows.actions.requests import mail_request
from workflows.actions.transition import lock_mention
from workflows.models import Approval
from workflows.words import REQUEST

# Nobody is helped by a mailbox full of the same.
SELDOM = timedelta(minutes=5)


class NothingToRemindOf(Conflict):
    """The request is decided, or taken back."""

    code, title = "nothing_to_remind_of", "Nobody is asked any more"


class RemindedJustNow(Conflict):
    """A mail with a link is a few minutes old, or still on its way."""

    code, title = "reminded_just_now", "They have a fresh link already"


def remind_approvers(
    approval_id: UUID, *, contact_id: UUID | None = None, by: Actor, now: datetime
) -> Approval:
    """Mail each approver of an open request a fresh link, or one of them alone. Older links go on working.

    Raises:
        NothingToRemindOf; RemindedJustNow: all of them had a mail in the last minutes.
        Invalid: such a contact doesn't decide for this client; NotFound, Forbidden.
    """
    by.require(Right.RESPOND)
    approval, mention = _locked(approval_id, now)
    if approval.state != Approval.State.OPEN:
        raise NothingToRemindOf(f"This request is closed: {approval.get_state_display().lower()}.")
    asked = _asked(approval, mention, contact_id)
    fresh = set(
        Notice.objects.filter(kind=REQUEST, subject_id=approval.pk, created_at__gt=now - SELDOM).values_list(
            "recipient_id", flat=True
        )
    )
    waiting = [contact for contact in asked if contact.pk not in fresh]
    if not waiting:
        raise RemindedJustNow("A mail went out less than five minutes ago. Give them a moment.")
    for contact in waiting:
        mail_request(approval, contact, now=now)
    details = {"contacts": [str(contact.pk) for contact in waiting]}
    record("approval.reminded", by=by, subject=mention, now=now, details=details)
    return approval


def _locked(approval_id: UUID, now: datetime) -> tuple[Approval, Mention]:
    # The mention's lock comes first, everywhere, so that two doors can't wait for each other.
    found = Approval.objects.filter(pk=approval_id).values_list("mention_id", flat=True).first()
    if found is None:
        raise NotFound
    mention = lock_mention(found, seen=None, now=now)
    return Approval.objects.select_for_update().get(pk=approval_id), mention


def _asked(approval: Approval, mention: Mention, contact_id: UUID | None) -> list[Contact]:
    approvers = approvers_of(mention.client_id)
    if contact_id is None:
        if not approvers:
            raise Invalid.field("contact", f"{mention.client.name} has no approver any more. Add one.")
        return approvers
    chosen = [contact for contact in approvers if contact.pk == contact_id]
    if not chosen:
        raise Invalid.field("contact", "No approver of this client has this id.")
    return chosen

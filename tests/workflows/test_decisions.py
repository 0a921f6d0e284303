"""What a client decides is pinned to the text that was read, and can be undone for a while."""

import re
from datetime import timedelta

import pytest
from django.core import mail

from agency.actions.alarms import sweep
from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.errors import Forbidden, Invalid
from agency.models import Alarm, AuditEntry
from clients.actions.contacts import remove_contact
from clients.actions.policies import set_approval_policy
from clients.models import Client, Contact
from mentions.models import Mention
from mentions.words import Move
from tests.fixtures import Clock
from workflows.actions.decisions import (
    AlreadyDecided,
    ChangedMeanwhile,
    TooLateToUndo,
    decide,
    undo_decision,
)
from workflows.actions.moves import claim_mention, dismiss_mention
from workflows.actions.requests import (
    NothingToApprove,
    approve_without_client,
    recall_request,
    request_approval,
    revise_reply,
)
from workflows.actions.responses import draft_reply
from workflows.actions.transition import MoveNotPossible, transition
from workflows.models import Approval, ApprovalLink, Decision, Publication, Version
from workflows.queries.approvals import find_dead_link, find_link

pytestmark = pytest.mark.usefixtures("inside")
UNDO = timedelta(seconds=60)


@pytest.fixture
def drafted(mention: Mention, ben: Actor, clock: Clock) -> Version:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
    return draft_reply(mention.pk, text="We're sorry.", by=ben, seen=2, now=clock.now)


@pytest.fixture
def asked(drafted: Version, mention: Mention, ben: Actor, dora: Contact, clock: Clock) -> Approval:
    return request_approval(mention.pk, by=ben, seen=2, now=clock.now)


def _deliver(clock: Clock) -> None:
    for agency_id, notice in Alarm.objects.filter(kind="notice.send").values_list("agency_id", "subject_id"):
        send_notice(agency_id, notice, clock=lambda: clock.now)


def _state() -> str:
    return str(Mention.objects.get().state)


def test_an_approval_takes_effect_when_the_undo_time_is_over(
    asked: Approval, drafted: Version, dora: Contact, clock: Clock
) -> None:
    decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)
    sweep(now=clock.advance(seconds=59))
    assert _state() == "awaiting_client"
    sweep(now=clock.advance(seconds=1))
    assert _state() == "approved"
    assert Publication.objects.get().approved_digest == drafted.digest


def test_a_decision_can_be_undone_and_made_again(
    asked: Approval, drafted: Version, dora: Contact, clock: Clock
) -> None:
    first = decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)
    undo_decision(first.pk, contact=dora, now=clock.advance(seconds=59))
    sweep(now=clock.advance(seconds=10))
    assert _state() == "awaiting_client"
    decide(
        asked.pk, contact=dora, verdict="change", comment="Warmer.", read_digest=drafted.digest, now=clock.now
    )
    sweep(now=clock.advance(seconds=60))
    assert _state() == "claimed"
    with pytest.raises(TooLateToUndo):
        undo_decision(first.pk, contact=dora, now=clock.now)


def test_a_decision_in_effect_cannot_be_undone(
    asked: Approval, drafted: Version, dora: Contact, clock: Clock
) -> None:
    decision = decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)
    with pytest.raises(TooLateToUndo):
        undo_decision(decision.pk, contact=dora, now=clock.now + UNDO)


def test_the_clients_own_words_become_the_version_that_goes_out(
    asked: Approval, drafted: Version, dora: Contact, clock: Clock
) -> None:
    decide(
        asked.pk,
        contact=dora,
        verdict="edit",
        text="We're very sorry.",
        read_digest=drafted.digest,
        now=clock.now,
    )
    sweep(now=clock.advance(seconds=60))
    version = Publication.objects.get().version
    assert (version.number, version.text, version.author_name) == (2, "We're very sorry.", "Dora")


def test_a_text_that_changed_meanwhile_cannot_be_approved(
    asked: Approval, mention: Mention, ben: Actor, dora: Contact, drafted: Version, clock: Clock
) -> None:
    recall_request(mention.pk, by=ben, seen=3, now=clock.now)
    draft_reply(mention.pk, text="Other words.", by=ben, seen=4, now=clock.now)
    again = request_approval(mention.pk, by=ben, seen=4, now=clock.now)
    with pytest.raises(ChangedMeanwhile):
        decide(again.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)
    with pytest.raises(AlreadyDecided):
        decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)


@pytest.mark.parametrize(
    ("verdict", "field"), [("", "verdict"), ("yes", "verdict"), ("change", "comment"), ("edit", "text")]
)
def test_nothing_happens_without_a_whole_decision(
    asked: Approval, drafted: Version, dora: Contact, clock: Clock, verdict: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        decide(asked.pk, contact=dora, verdict=verdict, read_digest=drafted.digest, now=clock.now)
    assert set(refused.value.fields) == {field}
    assert not Decision.objects.exists()


def test_a_recall_voids_a_decision_that_waits(
    asked: Approval, mention: Mention, drafted: Version, ben: Actor, dora: Contact, clock: Clock
) -> None:
    decision = decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)
    recall_request(mention.pk, by=ben, seen=3, now=clock.advance(seconds=1))
    sweep(now=clock.advance(seconds=120))
    assert _state() == "claimed"
    assert Decision.objects.get(pk=decision.pk).state == "void"
    assert not Publication.objects.exists()


def test_a_second_approver_comes_too_late(
    asked: Approval, drafted: Version, dora: Contact, clock: Clock
) -> None:
    decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)
    with pytest.raises(AlreadyDecided):
        decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)


def test_staff_cannot_decide_for_the_client(
    asked: Approval, mention: Mention, ana: Actor, clock: Clock
) -> None:
    with pytest.raises(Forbidden, match="Only the client's contacts"):
        transition(mention.pk, Move.APPROVE, by=ana, seen=3, now=clock.now)


def test_the_mail_carries_a_link_that_only_its_hash_is_kept_of(
    asked: Approval, dora: Contact, clock: Clock
) -> None:
    _deliver(clock)
    body = str(mail.outbox[0].body)
    token = re.search(r"/approve/([\w-]+)/", body)
    assert token is not None
    link = ApprovalLink.objects.get()
    assert token[1] not in (link.digest, str(link.pk))
    assert find_link(token[1], now=clock.now) is not None
    assert find_link(token[1][:-1] + "x", now=clock.now) is None
    assert find_link(token[1], now=link.expires_at) is None
    assert find_dead_link(token[1]) is not None


def test_links_stop_when_the_request_is_taken_back(
    asked: Approval, mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    _deliver(clock)
    token = re.search(r"/approve/([\w-]+)/", str(mail.outbox[0].body))
    assert token is not None
    dismiss_mention(mention.pk, reason="withdrawn", by=ben, seen=3, now=clock.now)
    assert find_link(token[1], now=clock.now) is None
    assert find_dead_link(token[1]) is None


def test_a_client_without_approver_cannot_be_asked(
    drafted: Version, mention: Mention, ben: Actor, ana: Actor, dora: Contact, clock: Clock
) -> None:
    remove_contact(dora, by=ana, now=clock.now)
    with pytest.raises(Invalid, match="has no approver"):
        request_approval(mention.pk, by=ben, seen=2, now=clock.now)
    assert _state() == "claimed"


def test_a_policy_that_asks_nobody_lets_staff_approve_and_the_other_does_not(
    drafted: Version, mention: Mention, brand: Client, ben: Actor, ana: Actor, dora: Contact, clock: Clock
) -> None:
    with pytest.raises(Forbidden, match="wants to see replies"):
        approve_without_client(mention.pk, by=ben, seen=2, now=clock.now)
    set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
    with pytest.raises(NothingToApprove):
        request_approval(mention.pk, by=ben, seen=2, now=clock.now)
    approve_without_client(mention.pk, by=ben, seen=2, now=clock.now)
    assert _state() == "approved"


def test_an_approved_reply_can_be_taken_back_until_it_goes_out(
    asked: Approval, mention: Mention, drafted: Version, ben: Actor, dora: Contact, clock: Clock
) -> None:
    decide(asked.pk, contact=dora, verdict="approve", read_digest=drafted.digest, now=clock.now)
    sweep(now=clock.advance(seconds=60))
    revise_reply(mention.pk, by=ben, seen=4, now=clock.now)
    assert (_state(), Publication.objects.get().state) == ("claimed", "withdrawn")


def test_a_request_without_a_text_is_refused(
    mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
    with pytest.raises(Invalid, match="Write the reply first"):
        request_approval(mention.pk, by=ben, seen=2, now=clock.now)


def test_a_reply_is_not_drafted_before_the_claim(mention: Mention, ben: Actor, clock: Clock) -> None:
    with pytest.raises(MoveNotPossible):
        draft_reply(mention.pk, text="Hello", by=ben, seen=1, now=clock.now)


def test_every_step_is_in_the_audit(
    asked: Approval, drafted: Version, ben: Actor, dora: Contact, clock: Clock
) -> None:
    decide(
        asked.pk,
        contact=dora,
        verdict="approve",
        read_digest=drafted.digest,
        address="192.0.2.7",
        now=clock.now,
    )
    sweep(now=clock.advance(seconds=60))
    work = AuditEntry.objects.exclude(subject_type__in=["client", "contact", "query", "membership"])
    told = list(work.order_by("at", "id").values_list("action", "actor_name", "address"))
    assert told[-7:] == [
        ("mention.claimed", "Ben", ""),
        ("reply.drafted", "Ben", ""),
        ("mention.submitted", "Ben", ""),
        ("approval.asked", "Ben", ""),
        ("approval.decided", "Dora", "192.0.2.7"),
        ("mention.approved", "Dora", "192.0.2.7"),
        ("publication.queued", "Earshot", ""),
    ]


def test_words_that_were_taken_back_are_not_the_next_draft(
    asked: Approval, drafted: Version, mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    edit = decide(
        asked.pk, contact=dora, verdict="edit", text="Mine.", read_digest=drafted.digest, now=clock.now
    )
    undo_decision(edit.pk, contact=dora, now=clock.now)
    recall_request(mention.pk, by=ben, seen=3, now=clock.now)
    again = request_approval(mention.pk, by=ben, seen=4, now=clock.now)
    assert again.version_id == drafted.pk
    recall_request(mention.pk, by=ben, seen=5, now=clock.now)
    assert draft_reply(mention.pk, text="Third.", by=ben, seen=6, now=clock.now).number == 3

"""Whatever happens to a mention, in any order: whose turn it says it is, is what the ledger says of its last moment."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actions.alarms import clear_alarms, set_alarms
from agency.actor import Actor, system
from agency.errors import DomainError
from agency.models import Notice
from agency.tenancy import tenant
from clients.actions.policies import set_approval_policy
from clients.models import Client, Contact
from mentions.actions.sources import add_source
from mentions.models import Mention, Source
from mentions.platforms.base import Ambiguous, PlatformError, Receipt
from mentions.words import END_OF_TIME
from tests.fixtures import Clock
from tests.making import commit_checks, make_mention
from tests.web_server import WebServer
from tests.workflows.test_turns import OF
from workflows.actions.answered import note_answer
from workflows.actions.clocks import repromise_clocks
from workflows.actions.decisions import decide, put_into_effect, undo_decision
from workflows.actions.firing import fire_clocks
from workflows.actions.moves import (
    claim_mention,
    dismiss_mention,
    release_mention,
    reopen_mention,
    set_priority,
)
from workflows.actions.publications import attest_reply, claim_publication, record_outcome, send_again
from workflows.actions.rebuilding import rebuild_clocks
from workflows.actions.requests import (
    approve_without_client,
    note_bounce,
    note_delivery,
    recall_request,
    request_approval,
    revise_reply,
)
from workflows.actions.responses import draft_reply
from workflows.models import Approval, Decision, Publication
from workflows.models import Clock as SlaClock
from workflows.queries.ledgers import ledger_of
from workflows.words import CLOCK_DUE, REQUEST

pytestmark = pytest.mark.django_db


class Walk:
    """One mention, and all that can happen to it. What isn't possible is refused, and changes nothing."""

    def __init__(self, mention: Mention, ben: Actor, ana: Actor, dora: Contact, clock: Clock) -> None:
        self.pk, self.ben, self.ana, self.dora, self.clock = mention.pk, ben, ana, dora, clock

    @property
    def how(self) -> dict[str, Any]:
        return {"by": self.ben, "seen": None, "now": self.clock.now}

    def claim(self) -> None:
        claim_mention(self.pk, **self.how)

    def release(self) -> None:
        release_mention(self.pk, **self.how)

    def draft(self) -> None:
        draft_reply(self.pk, text=f"Sorry, {self.clock.now}", **self.how)

    def ask(self) -> None:
        self.draft()
        request_approval(self.pk, **self.how)

    def deliver(self) -> None:
        for approval in self._approvals():
            note_delivery(approval, now=self.clock.now)

    def bounce(self) -> None:
        for approval in self._approvals():
            Notice.objects.filter(kind=REQUEST, subject_id=approval).update(state=Notice.State.FAILED)
            note_bounce(approval, now=self.clock.now)

    def recall(self) -> None:
        recall_request(self.pk, **self.how)

    def wish(self) -> None:
        self._decide("change")

    def agree(self) -> None:
        self._decide("approve")

    def undo(self) -> None:
        for decision in Decision.objects.filter(approval__mention_id=self.pk, state="pending"):
            undo_decision(decision.pk, contact=self.dora, now=self.clock.now)

    def effect(self) -> None:
        self.clock.advance(minutes=2)
        put_into_effect(
            [*Decision.objects.filter(approval__mention_id=self.pk).values_list("pk", flat=True)],
            self.clock.now,
        )

    def clear(self) -> None:
        client = Mention.objects.get(pk=self.pk).client
        self.draft()
        set_approval_policy(client=client, asks="nobody", by=self.ana, now=self.clock.now)
        approve_without_client(self.pk, **self.how)
        set_approval_policy(client=client, asks="client", by=self.ana, now=self.clock.now)

    def revise(self) -> None:
        revise_reply(self.pk, **self.how)

    def live(self) -> None:
        self._send(Receipt(external_id="1", url="https://forum.example/1#r", at=self.clock.now))

    def refused(self) -> None:
        self._send(PlatformError("forbidden", "It refused.", retryable=False))

    def busy(self) -> None:
        self._send(PlatformError("busy", "Later.", retryable=True))

    def unknown(self) -> None:
        self._send(Ambiguous("hung_up", "Nobody knows."))

    def absent(self) -> None:
        self._send(None)

    def hang(self) -> None:
        """The worker dies with the call out."""
        for publication in self._publications():
            claim_publication(publication, now=self.clock.now)
        self.clock.advance(minutes=3)

    def again(self) -> None:
        send_again(self.pk, **self.how)

    def attest(self) -> None:
        attest_reply(self.pk, url="https://forum.example/1#r", **self.how)

    def answered(self) -> None:
        note_answer(self.pk, url="https://forum.example/1#c", at=self.clock.now, **self.how)

    def dismiss(self) -> None:
        dismiss_mention(self.pk, reason="spam", **self.how)

    def reopen(self) -> None:
        reopen_mention(self.pk, **self.how)

    def urgent(self) -> None:
        priority = Mention.objects.get(pk=self.pk).priority
        set_priority(self.pk, priority="low" if priority == "urgent" else "urgent", **self.how)

    def repromise(self) -> None:
        repromise_clocks([*Mention.objects.select_for_update().filter(pk=self.pk)], now=self.clock.now)

    def rebuild(self) -> None:
        for batch in rebuild_clocks(
            self.ana.agency_id, repair=True, by=system(self.ana.agency_id), now=self.clock.now
        ):
            assert not batch.differences

    def wait(self) -> None:
        self.clock.advance(hours=7)
        clocks = [*SlaClock.objects.filter(mention_id=self.pk).values_list("pk", flat=True)]
        upcoming = fire_clocks(clocks, self.clock.now)
        # As the sweep does with what its handlers say.
        set_alarms(CLOCK_DUE, {pk: at for pk, at in upcoming.items() if at})
        clear_alarms(CLOCK_DUE, [pk for pk in clocks if not upcoming.get(pk)])

    def unplug(self) -> None:
        """The source is deleted: what is on its way can't go out, and what is written next goes by hand."""
        Source.objects.filter(pk=Mention.objects.get(pk=self.pk).post.source_id).delete()

    def _approvals(self) -> list[UUID]:
        return [
            *Approval.objects.filter(mention_id=self.pk).order_by("requested_at").values_list("pk", flat=True)
        ]

    def _publications(self) -> list[UUID]:
        return [*Publication.objects.filter(mention_id=self.pk).values_list("pk", flat=True)]

    def _decide(self, verdict: str) -> None:
        for approval in Approval.objects.filter(mention_id=self.pk, state="open").select_related("version"):
            decide(
                approval.pk,
                contact=self.dora,
                verdict=verdict,
                read_digest=approval.version.digest,
                comment="Please.",
                now=self.clock.now,
            )

    def _send(self, outcome: Any) -> None:
        for publication in self._publications():
            sending = claim_publication(publication, now=self.clock.now)
            if sending is not None:
                record_outcome(sending, outcome, now=self.clock.advance(seconds=3))


STEPS = sorted(name for name, step in vars(Walk).items() if callable(step) and not name.startswith("_"))


def _turn_holds(pk: UUID, clock: Clock) -> None:
    mention = Mention.objects.get(pk=pk)
    ledger = ledger_of(mention, now=clock.now + timedelta(seconds=1))
    running = SlaClock.objects.filter(mention=mention).exclude(due_at=None).order_by("due_at")
    due = running.values_list("due_at", flat=True).first()
    assert (mention.due_at, mention.urgency_at) == (due, due or END_OF_TIME)
    assert bool(mention.due_kind) == (due is not None)
    if mention.whose_turn is None:
        assert due is None, "Nothing that is closed is due."
    else:
        last = (ledger.reopened[-1] if ledger.reopened else ledger.slices)[-1]
        assert OF[last.owner] == mention.whose_turn


def test_the_turn_is_the_ledgers_word_after_anything(
    brand: Client, dora: Contact, ana: Actor, ben: Actor, clock: Clock, web_server: WebServer
) -> None:
    with tenant(ana.agency_id):
        set_approval_policy(client=brand, asks="client", by=ana, now=clock.now)

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.sampled_from(STEPS), max_size=10),
        st.sampled_from(["", "ask", "ask deliver", "ask deliver agree effect", "clear", "clear unknown"]),
        st.booleans(),
    )
    def check(steps: list[str], begun: str, by_hand: bool) -> None:
        with tenant(ana.agency_id), transaction.atomic():
            source = None if by_hand else _source(ana, clock, web_server)
            mention = make_mention(brand, now=clock.advance(minutes=1), source=source)
            walk = Walk(mention, ben, ana, dora, clock)
            for step in ["claim", *begun.split(), *steps]:
                clock.advance(seconds=20)
                try:
                    with transaction.atomic():
                        getattr(walk, step)()
                except DomainError:
                    pass
                _turn_holds(mention.pk, clock)
            commit_checks()
            transaction.set_rollback(True)

    check()


def _source(ana: Actor, clock: Clock, web_server: WebServer) -> Source:
    settings = {"url": web_server.url_of("/feed.xml"), "reply_url": web_server.url_of("/replies")}
    return add_source(
        kind="loopback",
        name=f"Forum {clock.now}",
        settings=settings,
        every=timedelta(minutes=5),
        client=None,
        by=ana,
        now=clock.now,
    )

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_fsm import FSMField, transition

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import ClockKind, Priority
from mentions.words import CLOSED, END_OF_TIME, DismissReason, Sentiment, State, Turn


class Mention(TenantModel):
    """The fact that one post concerns one client, and the work on it.

    Narrow, because each move rewrites the row. `state` moves only through `workflows.actions.transition`, which calls
    the methods below; a trigger in the database refuses every other change of it.
    """

    part_of = "client_id"

    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="mentions")
    post = TenantForeignKey("mentions.Post", on_delete=models.CASCADE, related_name="mentions")
    query = TenantForeignKey("clients.Query", on_delete=models.SET_NULL, null=True, related_name="+")
    matched = ArrayField(models.CharField(max_length=200), default=list)

    state = FSMField(max_length=16, default=State.NEW, choices=State.choices, protected=True)
    # Rises by one with each change: what the caller saw is compared with it.
    version = models.PositiveIntegerField(default=1)
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.NORMAL)
    assignee = TenantForeignKey("agency.Membership", on_delete=models.SET_NULL, null=True, related_name="+")

    published_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    late_found = models.BooleanField(default=False)
    # The earliest running clock. `urgency_at` is the same, or the end of time where none runs: the inbox's order.
    due_at = models.DateTimeField(null=True)
    urgency_at = models.DateTimeField(default=END_OF_TIME)
    due_kind = models.CharField(max_length=16, choices=ClockKind, blank=True)
    breached = models.BooleanField(default=False)
    responded_at = models.DateTimeField(null=True)
    answer_url = models.CharField(max_length=2000, blank=True)
    # The client answered it by itself, not through us.
    external = models.BooleanField(default=False)
    dismiss_reason = models.CharField(max_length=16, choices=DismissReason, blank=True)
    # Whose time runs, while it is open: kept with its clocks.
    turn = models.CharField(max_length=8, choices=Turn, default=Turn.AGENCY)
    # What a person says against the post's own; empty: nothing.
    corrected_sentiment = models.CharField(max_length=8, choices=Sentiment, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "client", "post"], name="post_mentions_a_client_once"),
            models.CheckConstraint(
                condition=~models.Q(state=State.RESPONDED) | models.Q(responded_at__isnull=False),
                name="responded_mention_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=State.DISMISSED) | ~models.Q(dismiss_reason=""),
                name="dismissed_mention_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[State.NEW, State.DISMISSED])
                | models.Q(assignee__isnull=False)
                # A member who is erased leaves finished work behind.
                | models.Q(state=State.RESPONDED),
                name="worked_mention_has_an_assignee",
            ),
        ]
        # Each of them costs each move an entry, about 120 bytes of the log: a state is in their conditions, so that no move
        # is a mere change in place. What only posts say is filtered by joining those, which never change.
        indexes = [
            # The inbox: open work by urgency.
            models.Index(
                fields=["agency", "urgency_at", "id"],
                name="mention_urgent",
                condition=~models.Q(state__in=CLOSED),
            ),
            models.Index(
                fields=["agency", "client", "urgency_at", "id"],
                name="mention_urgent_of_client",
                condition=~models.Q(state__in=CLOSED),
            ),
            # What one person works on, and (null) what nobody has.
            models.Index(
                fields=["agency", "assignee", "urgency_at", "id"],
                name="mention_urgent_of_assignee",
                condition=~models.Q(state__in=CLOSED),
            ),
            models.Index(fields=["agency", "-recorded_at", "-id"], name="mention_newest"),
            models.Index(fields=["agency", "-published_at", "-id"], name="mention_newest_published"),
            models.Index(fields=["agency", "post"], name="mention_of_post"),
            # A client's, in any state; for retention from its other end.
            models.Index(fields=["agency", "client", "-recorded_at", "-id"], name="mention_newest_of_client"),
        ]

    def __str__(self) -> str:
        return f"mention {self.pk}"

    @property
    def sentiment(self) -> str:
        """What a person said, else what the post sounds like."""
        return self.corrected_sentiment or self.post.sentiment or Sentiment.UNKNOWN

    @property
    def sentiment_corrected(self) -> bool:
        return bool(self.corrected_sentiment)

    @property
    def whose_turn(self) -> str | None:
        """None while it is closed: nobody's time runs."""
        return None if self.state in CLOSED else self.turn

    @transition(field=state, source=State.NEW, target=State.CLAIMED)
    def claim(self, *, assignee_id: UUID, **_: Any) -> None:
        self.assignee_id = assignee_id

    @transition(field=state, source=State.CLAIMED, target=State.NEW)
    def release(self, **_: Any) -> None:
        self.assignee_id = None

    @transition(field=state, source=State.CLAIMED, target=State.AWAITING_CLIENT)
    def submit(self, **_: Any) -> None:
        """Ask the client to decide."""

    @transition(field=state, source=State.AWAITING_CLIENT, target=State.CLAIMED)
    def request_changes(self, **_: Any) -> None:
        """The client wants another text."""

    @transition(field=state, source=State.AWAITING_CLIENT, target=State.CLAIMED)
    def recall(self, **_: Any) -> None:
        """Take the request back from the client."""

    @transition(field=state, source=State.AWAITING_CLIENT, target=State.APPROVED)
    def approve(self, **_: Any) -> None:
        """The client agrees."""

    @transition(field=state, source=State.CLAIMED, target=State.APPROVED)
    def clear(self, **_: Any) -> None:
        """The approval policy asks nobody."""

    @transition(field=state, source=State.APPROVED, target=State.CLAIMED)
    def revise(self, **_: Any) -> None:
        """Change the text before it went out."""

    @transition(field=state, source=State.APPROVED, target=State.RESPONDED)
    def respond(self, *, answered_at: datetime, answer_url: str = "", **_: Any) -> None:
        self.responded_at, self.answer_url = answered_at, answer_url

    @transition(
        field=state,
        source=[State.NEW, State.CLAIMED, State.AWAITING_CLIENT, State.APPROVED],
        target=State.RESPONDED,
    )
    def answer(self, *, answered_at: datetime, answer_url: str, **_: Any) -> None:
        """The client answered by itself."""
        self.responded_at, self.answer_url, self.external = answered_at, answer_url, True

    @transition(
        field=state,
        source=[State.NEW, State.CLAIMED, State.AWAITING_CLIENT],
        target=State.DISMISSED,
    )
    def dismiss(self, *, reason: str, **_: Any) -> None:
        self.dismiss_reason = reason

    @transition(field=state, source=[State.RESPONDED, State.DISMISSED], target=State.CLAIMED)
    def reopen(self, *, assignee_id: UUID | None, **_: Any) -> None:
        self.assignee_id = assignee_id or self.assignee_id
        self.dismiss_reason, self.external = "", False

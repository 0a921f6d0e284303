"""What was written later in a mention's conversation, and what it means for the work on it.

- While a mention is open, what its author adds joins it. Once it is closed, the first such message reopens it for whoever
  had it last, and instance n + 1 of its next_response clock runs from when the message was received. Where nobody is
  left to take it, or it was dismissed as not worth an answer, it stays closed; the message is a mention of its own then,
  in the queue like any other (in the second case only if what is listened for is in it).
- What the client itself answered counts at its platform's time, and closes the mention without us. Where a reply of ours
  is approved or on its way, nothing is done by itself: a person looks, so that nobody is answered twice.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notices import notify_member
from agency.actor import Actor, system
from agency.models import Membership
from agency.queries.people import list_workers
from agency.tenancy import current_agency
from clients.models import Query
from clients.queries.clients import match_sla_policies
from mentions.models import Mention, Message
from mentions.words import CLOSED, DismissReason, Move, State
from workflows.actions.answered import close_as_answered
from workflows.actions.intake import intake
from workflows.actions.transition import transition
from workflows.models import Response
from workflows.words import WROTE

E = Message.Effect
# Whoever dismissed it so has judged the conversation, not only the first post of it.
FOR_GOOD = frozenset({DismissReason.IRRELEVANT, DismissReason.SPAM, DismissReason.DUPLICATE})
ON_ITS_WAY = frozenset({State.AWAITING_CLIENT, State.APPROVED})


def follow_conversations(messages: Sequence[Message], *, now: datetime) -> None:
    """In the transaction that recorded them, after `intake`. Waits for whoever moves one of the mentions just then."""
    if not messages:
        return
    ordered = sorted(messages, key=lambda m: (m.mention_id, m.post.published_at, m.post_id))
    # All at once and in one order, so that two collectors can't wait for each other.
    locked = {
        mention.pk: mention
        for mention in Mention.objects.select_for_update()
        .filter(pk__in={message.mention_id for message in messages})
        .order_by("id")
    }
    for mention_id, found in groupby(ordered, key=lambda message: message.mention_id):
        mention = locked.get(mention_id)
        if mention is not None:
            _Conversation(mention, now).follow(list(found))


class _Conversation:
    """One locked mention, and what is new in its conversation."""

    def __init__(self, mention: Mention, now: datetime) -> None:
        self.mention, self.now = mention, now
        self.machine: Actor = system(current_agency())

    def follow(self, messages: list[Message]) -> None:
        """The client's answers first: what was written before one of them needs no other."""
        by_client = [message for message in messages if message.by == Message.By.CLIENT]
        by_author = [message for message in messages if message.by == Message.By.AUTHOR]
        for message in by_client:
            self._client_wrote(message)
        waiting = [message for message in by_author if not self._is_old(message)]
        self._author_wrote(waiting)

    # The author ---------------------------------------------------------------------------------------

    def _author_wrote(self, messages: list[Message]) -> None:
        state = self.mention.state
        if not messages:
            return
        if state not in CLOSED:
            if state in ON_ITS_WAY:
                self._tell()
            return
        if state == State.RESPONDED:
            messages = [message for message in messages if not self._is_answered(message)]
        elif self.mention.dismiss_reason in FOR_GOOD:
            for message in messages:
                if message.matched:
                    self._raise(message)
                    break  # the others belong to it from now on
            return
        if messages:
            self._reopen(messages[0])

    def _is_old(self, message: Message) -> bool:
        """What was written before the post, or found so late that nobody waits for an answer to it any more."""
        if message.post.published_at < self.mention.published_at:
            return True
        policy = match_sla_policies({self.mention.client_id})[self.mention.client_id]
        return bool(message.recorded_at - message.post.published_at > policy.late_found_after)

    def _is_answered(self, message: Message) -> bool:
        """Whether the client's own answer came after it. Of ours that can't be known: we hadn't read it."""
        answered_at = self.mention.responded_at
        return bool(self.mention.external and answered_at and message.post.published_at <= answered_at)

    def _reopen(self, message: Message) -> None:
        """For whoever had it last; where they are gone, the message begins anew."""
        member = self._last_assignee()
        if member is None:
            self._raise(message)
            return
        self.mention = transition(
            self.mention.pk,
            Move.REOPEN,
            by=self.machine,
            seen=None,
            now=self.now,
            note=f"{self._author()} wrote again: {message.post.url}".removesuffix(": "),
            since=message.recorded_at,
            assignee_id=member.pk,
        )
        Response.objects.filter(mention=self.mention, closed_at=None).update(closed_at=self.now)
        self._have(message, E.REOPENED)
        self._tell()

    def _last_assignee(self) -> Membership | None:
        if self.mention.assignee_id is None:
            return None
        workers = list_workers(client_id=self.mention.client_id, by=self.machine)
        found: Membership | None = workers.filter(pk=self.mention.assignee_id).first()
        return found

    def _raise(self, message: Message) -> None:
        """A mention of its own, in the queue."""
        mention = Mention(
            client_id=self.mention.client_id,
            post=message.post,
            query=Query.objects.filter(client_id=self.mention.client_id, current=True).first(),
            matched=message.matched,
            priority=self.mention.priority,
            published_at=message.post.published_at,
            recorded_at=self.now,
        )
        Mention.objects.bulk_create([mention], ignore_conflicts=True)
        if Mention.objects.filter(pk=mention.pk).exists():
            intake([mention], now=self.now)
            self._have(message, E.RAISED)

    # The client ---------------------------------------------------------------------------------------

    def _client_wrote(self, message: Message) -> None:
        if self.mention.state in CLOSED or (message.direct and self._answers_nothing_open(message)):
            return
        if not message.direct or self.mention.state == State.APPROVED:
            self._have(message, E.NOTED)
            self._tell()
            return
        at = min(max(message.post.published_at, self.mention.published_at), self.now)
        unsure = message.post.published_guessed or at != message.post.published_at
        self.mention = close_as_answered(
            self.mention,
            url=message.post.url,
            at=at,
            by=self.machine,
            now=self.now,
            note="The time is when we saw it: the platform gave none that can be." if unsure else "",
        )
        self._have(message, E.ANSWERED)
        after = [
            later
            for later in self._by_author()
            if later.post.published_at > at and not self._is_old(later) and later.effect == E.JOINED
        ]
        if after:
            self._reopen(after[0])

    def _answers_nothing_open(self, message: Message) -> bool:
        """After a reopening, only what came after what reopened it is an answer to that."""
        if self.mention.responded_at is None:
            return False
        since = [
            later.post.published_at
            for later in self._by_author()
            if later.recorded_at > self.mention.responded_at and later.effect in {E.REOPENED, E.JOINED}
        ]
        return bool(message.post.published_at < min(since, default=self.mention.responded_at))

    def _by_author(self) -> list[Message]:
        """What the author wrote later, in the order in which it was received."""
        found = Message.objects.filter(mention=self.mention, by=Message.By.AUTHOR).select_related("post")
        return list(found.order_by("recorded_at", "post__published_at", "id"))

    # Both ---------------------------------------------------------------------------------------------

    def _have(self, message: Message, effect: Message.Effect) -> None:
        message.effect = effect
        Message.objects.filter(pk=message.pk).update(effect=effect)
        if effect == E.NOTED:
            details = {"url": message.post.url, "direct": message.direct}
            record(
                "mention.client_wrote", by=self.machine, subject=self.mention, now=self.now, details=details
            )
            emit("mention.client_wrote", subject=self.mention, now=self.now, data=details)

    def _author(self) -> str:
        author = self.mention.post.author
        return author.name if author and author.name else "The author"

    def _tell(self) -> None:
        """Whoever works on it."""
        member = self._last_assignee()
        if member is not None:
            _notify(member, self.mention.pk, self.mention.client_id, now=self.now)


def _notify(member: Membership, mention_id: UUID, client_id: UUID, *, now: datetime) -> None:
    notify_member(member, kind=WROTE, subject_id=mention_id, client_id=client_id, now=now)

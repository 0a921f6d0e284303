"""What else was said in a mention's conversation, as far as we keep it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agency.remembered import Question, Remembered
from mentions.models import Mention, Message, ThreadKey
from workflows.models import Response, Version

MOST = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One post that belongs to the mention.

    Attributes:
        by: author or client.
        direct: of the client's: it plainly answers the mention.
        effect: what it meant when it was read (`Message.Effect`).
        after_reply: it was read after the reply had been written, and before that was done with.
        published_guessed: the time is when we saw it.
    """

    id: UUID
    by: str
    name: str
    text: str
    url: str
    published_at: datetime
    published_guessed: bool
    recorded_at: datetime
    effect: str
    direct: bool
    after_reply: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Another mention of the same client in the same conversation."""

    id: UUID
    author: str
    state: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """`lines` and `others`: the oldest first, the newest hundred of each."""

    lines: list[Line]
    others: list[Other]

    @property
    def added(self) -> list[Line]:
        """What the author wrote after our reply was written: whoever stands by that reply should know it."""
        return [line for line in self.lines if line.after_reply and line.by == Message.By.AUTHOR]

    @property
    def open_answer(self) -> Line | None:
        """The client's latest that waits for a person to say whether it answers the mention."""
        noted = [line for line in self.lines if line.effect == Message.Effect.NOTED]
        return noted[-1] if noted else None


_messages = Remembered(
    lambda mention_id: (
        Message.objects.filter(mention_id=mention_id)
        .select_related("post__author")
        .order_by("-post__published_at", "-recorded_at", "-id")[:MOST]
    )
)
_thread = Remembered(
    lambda key_hash: ThreadKey.objects.filter(key_hash=key_hash).order_by("pk").values_list("thread")[:1]
)


def asked_for_conversation(mention: Mention) -> list[Question]:
    """What `conversation_of` asks first, for `asked_together`."""
    return [(_messages, {"mention_id": mention.pk}), (_thread, {"key_hash": mention.post.key_hash})]


def conversation_of(mention: Mention, response: Response | None, version: Version | None) -> Conversation:
    """Args: response, version: the latest reply and the text of it that stands."""
    messages = _messages(mention_id=mention.pk)
    lines = [_line(message, response, version) for message in messages]
    return Conversation(lines[::-1], _others(mention))


def _line(message: Message, response: Response | None, version: Version | None) -> Line:
    post = message.post
    return Line(
        id=post.pk,
        by=message.by,
        name=post.author.name if post.author else "",
        text=post.text or post.title,
        url=post.url,
        published_at=post.published_at,
        published_guessed=post.published_guessed,
        recorded_at=message.recorded_at,
        effect=message.effect,
        direct=message.direct,
        after_reply=response is not None
        and version is not None
        and message.recorded_at > version.created_at
        and (response.closed_at is None or message.recorded_at < response.closed_at),
    )


def _others(mention: Mention) -> list[Other]:
    found = _thread.first(key_hash=mention.post.key_hash)
    if found is None:
        return []
    names = ThreadKey.objects.filter(thread=found[0]).values("key_hash")
    rows = (
        Mention.objects.filter(client_id=mention.client_id, post__key_hash__in=names)
        .exclude(pk=mention.pk)
        .order_by("-published_at", "-id")
        .values_list("pk", "post__author__name", "state", "published_at")[:MOST]
    )
    return [Other(pk, name or "", state, at) for pk, name, state, at in rows][::-1]

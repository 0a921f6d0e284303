"""The client answered by itself: the mention is closed at the time of that answer, and nothing of ours goes out."""

from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from agency.text import safe_link
from mentions.models import Mention
from mentions.words import CLOSED, Move, State
from workflows.actions.publications import withdraw_publication
from workflows.actions.requests import withdraw_request
from workflows.actions.transition import MoveNotPossible, lock_mention, transition
from workflows.models import Response


def note_answer(
    mention_id: UUID, *, url: str, at: datetime, by: Actor, seen: int | None, now: datetime
) -> Mention:
    """A person says: the client answered this itself, here and then.

    A reply of ours that hasn't gone out is taken back, and so is what the client was asked.

    Raises:
        Invalid: not a web address, or a time that can't be; BeingSent: our reply is on its way; MoveNotPossible: it is
            closed; else as `transition`.
    """
    by.require(Right.RESPOND)
    link = safe_link(url.strip())
    problems: dict[str, str] = {}
    if link is None or not link.startswith(("http://", "https://")):
        problems["url"] = "Paste the web address of the client's answer, beginning with https://."
    mention = lock_mention(mention_id, seen=seen, now=now)
    if mention.state in CLOSED:
        raise MoveNotPossible("This mention is closed already.")
    at = _not_before(at, mention)
    if at > now:
        problems["at"] = "That moment hasn't come yet."
    elif at < mention.published_at:
        problems["at"] = "The post itself was published later than that."
    elif mention.responded_at is not None and at < mention.responded_at:
        problems["at"] = (
            "This was answered once, and written to again. Say when the client answered after that."
        )
    if problems or link is None:
        raise Invalid("This can't be noted like that.", fields=problems)
    mention = close_as_answered(mention, url=link, at=at, by=by, now=now)
    record(
        "reply.answered_elsewhere",
        by=by,
        subject=mention,
        now=now,
        details={"url": link, "at": at.isoformat()},
    )
    emit("reply.answered_elsewhere", subject=mention, now=now, data={"url": link, "at": at.isoformat()})
    return mention


def _not_before(at: datetime, mention: Mention) -> datetime:
    """People say times to the minute: within that of the post they mean a moment after it."""
    early = mention.published_at - at
    return mention.published_at if timedelta(0) < early < timedelta(minutes=1) else at


def close_as_answered(
    mention: Mention, *, url: str, at: datetime, by: Actor, now: datetime, note: str = ""
) -> Mention:
    """Whoever calls holds the mention's lock, and it is open.

    Raises:
        BeingSent: our own reply is on its way, or may be live.
    """
    if mention.state == State.APPROVED:
        withdraw_publication(mention, now=now)
    said = ". ".join(filter(None, (url, note)))
    mention = transition(
        mention.pk,
        Move.ANSWER,
        by=by,
        seen=None,
        now=now,
        answered_at=at,
        answer_url=(safe_link(url) or "")[:2000],
        note=said,
    )
    withdraw_request(mention, now=now)
    Response.objects.filter(mention=mention, closed_at=None).update(closed_at=now)
    return mention

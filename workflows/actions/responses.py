"""Drafting: a response and its immutable versions."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import Max

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.rights import Right
from agency.text import clean
from clients.actions.templates import fill
from clients.models import Template
from clients.words import ReplyKind
from mentions.models import Mention
from mentions.platforms.registry import get_platform
from mentions.queries.mentions import source_for
from mentions.words import State
from workflows.actions.transition import MoveNotPossible, lock_mention
from workflows.models import Response, Version
from workflows.queries.mention import edition_of, open_response, standing_versions
from workflows.words import BY_HAND, LONGEST_REPLY


class TextMovedOn(Conflict):
    """The reply has a newer version than the one that the writer began with."""

    code, title = "text_moved_on", "Somebody else wrote meanwhile"


def check_text(text: str) -> str:
    """The reply as it will be kept.

    Raises:
        Invalid: empty or longer than 5,000 characters.
    """
    tidy = clean(text, multiline=True).strip()
    if not tidy:
        raise Invalid.field("text", "Write the reply first.")
    if len(tidy) > LONGEST_REPLY:
        raise Invalid.field(
            "text", f"A reply has at most {LONGEST_REPLY:,} characters; this one has {len(tidy):,}."
        )
    return tidy


def suggest(mention: Mention, template: Template, *, by: Actor) -> str:
    """A template filled for this mention: a text to start from."""
    author = mention.post.author.name if mention.post.author else ""
    return fill(template.text, author=author or "there", client=mention.client.name, me=by.name)


def draft_reply(
    mention_id: UUID,
    *,
    text: str,
    kind: str = "",
    by: Actor,
    seen: int | None = None,
    based_on: int | None = None,
    saw: Collection[int] | None = None,
    now: datetime,
) -> Version:
    """Write the next version of the reply to a claimed mention. The same text again is the same version.

    Args:
        kind: empty keeps the one that the response has.
        based_on: the number of the version that the writer began with, 0 for none; None where nobody looked.
        saw: the editions of the reply (see `edition_of`) of which one is what the writer began with; likewise.

    Raises:
        Invalid: the text or kind; MoveNotPossible: the mention isn't claimed; NotFound, MentionMovedOn, Forbidden.
        TextMovedOn: somebody else saved a version after `based_on`, or what the writer saw.
    """
    by.require(Right.RESPOND)
    if kind and kind not in ReplyKind.values:
        raise Invalid.field("kind", f"Choose a kind: {', '.join(ReplyKind.values)}.")
    tidy = check_text(text)
    mention = lock_mention(mention_id, seen=seen, now=now)
    if mention.state != State.CLAIMED:
        raise MoveNotPossible(
            f"A reply is written while its mention is claimed; this one is {mention.state}."
        )
    if saw is not None:
        _check_saw(mention, saw, tidy, by)
    response = Response.objects.filter(mention=mention, closed_at=None).first()
    if response is None:
        response = Response(mention=mention, kind=kind or ReplyKind.OTHER, created_at=now, created_by=by.name)
        response.save(force_insert=True)
    elif kind and response.kind != kind:
        response.kind = kind
        response.save(update_fields=["kind"])
    latest = latest_version(response)
    if latest is not None and _is_same(latest, tidy, by):
        return latest
    if latest is not None and based_on is not None and based_on != latest.number:
        raise _moved_on(latest)
    return add_version(response, mention=mention, text=tidy, by=by, now=now)


def _check_saw(mention: Mention, saw: Collection[int], text: str, by: Actor) -> None:
    """Raises: TextMovedOn, unless the writer saw the reply as it is, or what they write is there already."""
    response, versions = open_response(mention)
    edition = edition_of(mention, response, versions)
    is_there = bool(response and response.closed_at is None and versions and _is_same(versions[0], text, by))
    if edition not in saw and not is_there:
        raise _moved_on(versions[0] if versions else None)


def _is_same(version: Version, text: str, by: Actor) -> bool:
    return bool(version.text == text and version.author_id == by.id)


def _moved_on(latest: Version | None) -> TextMovedOn:
    if latest is None:
        return TextMovedOn("There is no reply yet.")
    return TextMovedOn(f"{latest.author_name} saved version {latest.number} while you wrote.")


def latest_version(response: Response) -> Version | None:
    return standing_versions(response).first()


def add_version(response: Response, *, mention: Mention, text: str, by: Actor, now: datetime) -> Version:
    """Append a version; whoever calls holds the mention's lock."""
    last = Version.objects.filter(response=response).aggregate(number=Max("number"))["number"] or 0
    post = mention.post
    version = Version(
        response=response,
        number=last + 1,
        text=text,
        target_url=post.url,
        post_hash=post.text_hash,
        lane=lane_of(mention),
        author_kind=by.kind,
        author_id=by.id,
        author_name=by.name,
        created_at=now,
    )
    version.digest = digest(version)
    version.save(force_insert=True)
    record(
        "reply.drafted", by=by, subject=mention, now=now, details={"version": version.number, "text": text}
    )
    data = {"version": version.number, "digest": version.digest, "lane": version.lane}
    emit("reply.drafted", subject=mention, now=now, data=data)
    return version


def lane_of(mention: Mention) -> str:
    """The platform that can publish a reply to this post, or by hand."""
    kind = mention.post.platform
    source = source_for(mention)
    return kind if source is not None and get_platform(kind).capabilities.publish else BY_HAND


def digest(version: Version) -> str:
    """SHA-256, in hex, over all that an approver agrees to."""
    pinned = {
        "response": str(version.response_id),
        "number": version.number,
        "text": version.text,
        "target_url": version.target_url,
        "post_hash": version.post_hash,
        "lane": version.lane,
    }
    return hashlib.sha256(orjson.dumps(pinned, option=orjson.OPT_SORT_KEYS)).hexdigest()

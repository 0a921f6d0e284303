"""Guarded access to mentions and sources, and the lists that people work from."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.remembered import Question, Remembered
from agency.rights import Right
from mentions.models import Mention, Source
from mentions.queries.wanted import Wanted
from mentions.words import CLOSED

_whole = Remembered(
    lambda mention_id: Mention.objects.select_related("post__author", "client", "assignee__user").filter(
        pk=mention_id
    )
)
_source = Remembered(lambda source_id: Source.objects.filter(pk=source_id))


def get_mention(mention_id: UUID, *, by: Actor, right: Right = Right.READ) -> Mention:
    """One mention with its post, author, client and assignee.

    Raises:
        NotFound: absent or foreign.
        Forbidden: the right is missing.
    """
    by.require(right)
    mention: Mention | None = _whole.first(mention_id=mention_id)
    if mention is None:
        raise NotFound
    post = mention.post
    if post.source_id is not None:
        # By a query of its own, which finds none of another client for who works for some only.
        found = _source.first(source_id=post.source_id)
        type(post)._meta.get_field("source").set_cached_value(post, found)
    return mention


def asked_for(mention_id: UUID) -> Question:
    """What `get_mention` asks first, for `asked_together`."""
    return _whole, {"mention_id": mention_id}


def list_mentions(wanted: Wanted, *, by: Actor) -> "QuerySet[Any]":
    """The mentions that are wanted; order comes from the pager."""
    by.require(Right.READ)
    return Mention.objects.filter(*wanted.conditions())


def count_by_state(*, by: Actor, client_id: UUID | None = None) -> dict[str, int]:
    """State → how many, of the open states."""
    by.require(Right.READ)
    mentions = Mention.objects.exclude(state__in=CLOSED)
    if client_id:
        mentions = mentions.filter(client_id=client_id)
    return {row["state"]: row["n"] for row in mentions.values("state").annotate(n=Count("id"))}


def author_history(author_id: UUID | None, *, client_id: UUID) -> int:
    """How many earlier posts of this author concerned this client."""
    if author_id is None:
        return 0
    return Mention.objects.filter(client_id=client_id, post__author_id=author_id).count()


def source_for(mention: Mention) -> Source | None:
    """Where the mention's post was found. None when that was deleted, or is another client's own: the client is not
    told of it, nor answered through it."""
    sources = Source.objects.filter(Q(client=None) | Q(client_id=mention.client_id))
    source: Source | None = sources.filter(pk=mention.post.source_id).first()
    return source


def list_sources(*, by: Actor, client_id: UUID | None = None) -> "QuerySet[Any]":
    by.require(Right.READ)
    sources = Source.objects.select_related("client")
    return sources.filter(client_id=client_id) if client_id else sources


def get_source(source_id: UUID, *, by: Actor) -> Source:
    """Raises: NotFound."""
    by.require(Right.READ)
    source: Source | None = Source.objects.select_related("client").filter(pk=source_id).first()
    if source is None:
        raise NotFound
    return source

"""One public account, and what we know of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.rights import Right
from mentions.models import Author, Mention
from mentions.words import State


@dataclass(frozen=True, slots=True)
class ForClient:
    """What an author posted about one client."""

    client_id: UUID
    client_name: str
    mentions: int
    answered: int


@dataclass(frozen=True, slots=True)
class Known:
    author: Author
    clients: list[ForClient]
    last_posted_at: Any

    @property
    def mentions(self) -> int:
        return sum(client.mentions for client in self.clients)


def get_author(author_id: UUID, *, by: Actor) -> Author:
    """Raises: NotFound; for who works for some clients, so is an author who didn't mention any of them."""
    by.require(Right.READ)
    author: Author | None = Author.objects.filter(pk=author_id).first()
    if author is None:
        raise NotFound
    return author


def what_is_known(author_id: UUID, *, by: Actor) -> Known:
    """Of one author, by client, the most mentioned first.

    Raises:
        NotFound.
    """
    author = get_author(author_id, by=by)
    rows = (
        mentions_of_author(author, by=by)
        .values("client_id", name=F("client__name"))
        .annotate(
            n=Count("id"), answered=Count("id", filter=Q(state=State.RESPONDED)), last=Max("published_at")
        )
        .order_by("-n", "client_id")
    )
    found = list(rows)
    clients = [ForClient(row["client_id"], row["name"], row["n"], row["answered"]) for row in found]
    return Known(author, clients, max((row["last"] for row in found), default=None))


def mentions_of_author(author: Author, *, by: Actor) -> "QuerySet[Mention]":
    by.require(Right.READ)
    mentions: QuerySet[Mention] = Mention.objects.filter(post__author=author)
    return mentions

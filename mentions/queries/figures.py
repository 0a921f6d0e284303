"""Figures beside clients and sources, one query a list."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from agency.actor import Actor
from agency.rights import Right
from clients.models import Query
from mentions.models import Mention, Source, SourceRead
from mentions.words import CLOSED

# How far back a source's figures look: its whole past would cost more with every day.
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class OpenWork:
    open: int = 0
    late: int = 0


def open_work_by_client(*, by: Actor) -> dict[UUID, OpenWork]:
    """Clients without open mentions are left out."""
    by.require(Right.READ)
    rows = (
        Mention.objects.exclude(state__in=CLOSED)
        .values("client_id")
        .annotate(open=Count("id"), late=Count("id", filter=Q(breached=True)))
    )
    return {row["client_id"]: OpenWork(row["open"], row["late"]) for row in rows}


def sources_by_client(*, by: Actor) -> dict[UUID | None, int]:
    """How many sources are read for each client; under None those that are read for all."""
    by.require(Right.READ)
    return {row["client_id"]: row["n"] for row in Source.objects.values("client_id").annotate(n=Count("id"))}


def terms_by_client(clients: list[UUID], *, by: Actor) -> dict[UUID, list[str]]:
    """What is listened for now, for each of these clients."""
    by.require(Right.READ)
    return dict(
        Query.objects.filter(client_id__in=clients, current=True).values_list("client_id", "any_terms")
    )


@dataclass(frozen=True, slots=True)
class Found:
    posts: int = 0
    mentions: int = 0


def found_by_source(sources: list[UUID], *, by: Actor, now: datetime) -> dict[UUID, Found]:
    """What each of these sources brought recently; those that weren't read are left out.

    Whoever works for some clients only is told of no others' mentions, not even how many there are.
    """
    by.require(Right.READ)
    rows = (
        SourceRead.objects.filter(source_id__in=sources, started_at__gt=now - RECENT)
        .values("source_id")
        .annotate(new_posts=Sum("posts"), new_mentions=Sum("mentions"))
    )
    found = {row["source_id"]: Found(row["new_posts"], row["new_mentions"]) for row in rows}
    if by.clients is None:
        return found
    theirs = (
        Mention.objects.filter(post__source_id__in=sources, recorded_at__gt=now - RECENT)
        .values("post__source_id")
        .annotate(n=Count("id"))
    )
    mentions = {row["post__source_id"]: row["n"] for row in theirs}
    return {pk: replace(figures, mentions=mentions.get(pk, 0)) for pk, figures in found.items()}


def last_reads(source: Source, *, by: Actor, limit: int = 20) -> list[Any]:
    """The newest first."""
    by.require(Right.READ)
    return list(SourceRead.objects.filter(source=source).order_by("-started_at", "-id")[:limit])

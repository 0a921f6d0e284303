"""The activity log: what was done, found by who did it, what it was, to what, and when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from agency.actor import Actor
from agency.models import ApiKey, AuditChain, AuditEntry, AuditLink, Membership
from agency.rights import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilters:
    """What of the log is asked for; nothing set: all of it.

    Attributes:
        text: in who did it, in what it was done to, and in the details; every word.
        spoken: for each word of the text the actions that are told with it.
        action: such as `client.changed`, or the noun alone.
        since, until: [since, until).
    """

    text: str = ""
    spoken: tuple[frozenset[str], ...] = ()
    actor_id: UUID | None = None
    actor_kind: str = ""
    action: str = ""
    client_id: UUID | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self != AuditFilters()


EVERYTHING = AuditFilters()


def list_audit(*, by: Actor, filters: AuditFilters = EVERYTHING) -> "QuerySet[Any]":
    """Entries in no order; those of their clients alone for who works for some."""
    by.require(Right.AUDIT)
    entries = AuditEntry.objects.all()
    exact = {
        "actor_id": filters.actor_id,
        "actor_kind": filters.actor_kind,
        "client_id": filters.client_id,
        "subject_id": filters.subject_id,
        "at__gte": filters.since,
        "at__lt": filters.until,
    }
    entries = entries.filter(**{name: value for name, value in exact.items() if value})
    if filters.action:
        noun = "" if "." in filters.action else "."
        entries = entries.filter(**{"action__startswith" if noun else "action": f"{filters.action}{noun}"})
    spoken = [*filters.spoken, *repeat(frozenset[str](), len(filters.text.split()))]
    for word, actions in zip(filters.text.split(), spoken, strict=False):
        entries = entries.alias(told=Cast("details", TextField())).filter(_says(word, actions))
    return entries


def _says(word: str, actions: Collection[str]) -> Q:
    said = Q(action__in=actions)
    for name in ("actor_name", "subject_name", "action", "address", "told"):
        said |= Q(**{f"{name}__icontains": word})
    return said


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: noted elsewhere, it proves later that nothing before it was changed."""

    seq: int
    hash: str


def get_head(*, by: Actor) -> Head | None:
    """Of the agency's chain; None before the first entry.

    Raises:
        Forbidden: without the right, or for who works for some clients only.
    """
    by.require(Right.AUDIT)
    by.require_all_clients()
    head = AuditChain.objects.first()
    return Head(head.seq, head.hash) if head else None


def with_links(entries: "QuerySet[Any]") -> "QuerySet[Any]":
    """Each entry with its `number`, `payload_digest` and `hash`; None while its own transaction goes on."""
    link = AuditLink.objects.filter(pk=OuterRef("pk"))
    placed: QuerySet[Any] = entries.annotate(
        number=Subquery(link.values("seq")),
        payload_digest=Subquery(link.values("payload_digest")),
        hash=Subquery(link.values("hash")),
    )
    return placed


def who_acts(*, by: Actor) -> list[tuple[UUID, str]]:
    """Members (also those who left) and keys, by name: whom to look for in the log.

    Who works for some clients isn't told of keys that are for others: they are often called after them.
    """
    by.require(Right.AUDIT)
    members = Membership.objects.filter(agency_id=by.agency_id).select_related("user")
    people = sorted(((member.pk, member.name) for member in members), key=lambda one: one[1].casefold())
    keys = ApiKey.objects.filter(agency_id=by.agency_id).order_by("name", "id")
    if by.clients is not None:
        keys = keys.filter(Q(client_ids=None) | Q(client_ids__overlap=list(by.clients)))
    return [*people, *((pk, f"{name} (API key)") for pk, name in keys.values_list("pk", "name"))]

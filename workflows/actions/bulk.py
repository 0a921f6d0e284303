"""The same with several mentions at once: each by itself, so that one that can't be done leaves the others done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from agency.errors import DomainError
from mentions.models import Mention

MOST = 100
Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one mention: its version now, or why nothing was done with it."""

    mention_id: UUID
    version: int | None = None
    error: DomainError | None = None


def one_by_one(asked: Sequence[tuple[UUID, Asked]], do: Callable[[UUID, Asked], Mention]) -> list[Outcome]:
    """Do it with each, in a savepoint of its own; what became of them, in the order that they were given.

    They are locked first and in one order, so that two who mean the same mentions don't wait for each other.
    """
    _lock([mention_id for mention_id, _ in asked])
    done = {mention_id: _try(mention_id, facts, do) for mention_id, facts in sorted(asked, key=_first)}
    return [done[mention_id] for mention_id, _ in asked]


def _first(pair: tuple[UUID, Asked]) -> UUID:
    return pair[0]


def _lock(mentions: Sequence[UUID]) -> None:
    locked = Mention.objects.select_for_update().filter(pk__in=mentions).order_by("pk")
    list(locked.values_list("pk", flat=True))


def _try(mention_id: UUID, facts: Asked, do: Callable[[UUID, Asked], Mention]) -> Outcome:
    try:
        with transaction.atomic():
            return Outcome(mention_id, version=do(mention_id, facts).version)
    except DomainError as error:
        return Outcome(mention_id, error=error)

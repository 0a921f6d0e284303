"""Excuses, as lists and one by one."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.rights import Right
from workflows.models import Clock, Excuse

_AROUND = ("clock__mention__client", "clock__mention__post__author")


def list_excuses(
    *, by: Actor, state: str = "", client_id: UUID | None = None, mention_id: UUID | None = None
) -> "QuerySet[Any]":
    """Those of the clients that they work for; order comes from the pager."""
    by.require(Right.READ)
    excuses = Excuse.objects.select_related(*_AROUND)
    if state:
        excuses = excuses.filter(state=state)
    if client_id:
        excuses = excuses.filter(clock__mention__client_id=client_id)
    return excuses.filter(clock__mention_id=mention_id) if mention_id else excuses


def get_excuse(excuse_id: UUID, *, by: Actor) -> Excuse:
    """Raises: NotFound."""
    by.require(Right.READ)
    excuse: Excuse | None = Excuse.objects.select_related(*_AROUND).filter(pk=excuse_id).first()
    if excuse is None:
        raise NotFound
    return excuse


def get_breached(clock_id: UUID, *, by: Actor) -> Clock:
    """A clock that was broken, to ask for its excuse.

    Raises: NotFound: it isn't, or isn't theirs to see.
    """
    by.require(Right.READ)
    clocks = Clock.objects.select_related("mention__client", "mention__post__author")
    clock: Clock | None = clocks.filter(pk=clock_id, breached_at__isnull=False).first()
    if clock is None:
        raise NotFound
    return clock


def count_waiting(*, by: Actor) -> int:
    """How many wait for this one's decision: others asked for them."""
    if not by.may(Right.MANAGE) or by.member_id is None:
        return 0
    waiting = Excuse.objects.filter(state=Excuse.State.ASKED).exclude(asked_by=by.member_id)
    return int(waiting.count())


def excuses_of(clocks: Iterable[UUID]) -> dict[UUID, list[Excuse]]:
    """Clock → its excuses, the newest first."""
    found: dict[UUID, list[Excuse]] = {}
    for excuse in Excuse.objects.filter(clock_id__in=list(clocks)).order_by("-asked_at", "-id"):
        found.setdefault(excuse.clock_id, []).append(excuse)
    return found

"""Moving the clocks that run to what is promised now, batch by batch, after a policy or a calendar was changed.

`clients/actions/spreading.py` asks for it. A pass looks at the mentions with open clocks in the order of their ids, and
at those that somebody was just moving again a moment later. What is promised is read after the mentions are locked, so
whatever happens meanwhile: a clock that is held back until a commit is moved after it, and a clock that starts meanwhile
starts under the new promise. A clock that is where it should be stays so, so that a second pass does no harm.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agency.actions.alarms import on_alarm
from agency.tenancy import current_agency
from clients.actions.spreading import PROMISES_SPREAD
from clients.models import PromiseSpread
from mentions.models import Mention
from workflows.actions.clocks import repromise_clocks
from workflows.models import Clock

BATCH = 200
# Mentions that somebody is just moving, and a pass that another sweeper is at.
BUSY = timedelta(milliseconds=200)
# Work that began before the change and commits after the pass may have started clocks that nobody saw: a last look at
# what is as new as that.
SETTLING, AS_NEW_AS = timedelta(minutes=1), timedelta(minutes=15)


@on_alarm(PROMISES_SPREAD)
def spread_promises(subjects: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """One batch of each. The subject is a client, or the agency for all of its clients."""
    return {subject: _spread(subject, now) for subject in subjects}


def _spread(subject: UUID, now: datetime) -> datetime | None:
    whose = {"client": None} if subject == current_agency() else {"client_id": subject}
    spread = PromiseSpread.objects.select_for_update(skip_locked=True).filter(**whose).first()
    if spread is None:
        return now + BUSY if PromiseSpread.objects.filter(**whose).exists() else None
    if spread.settled_at is not None:
        return None
    if spread.finished_at is None and spread.total is None:
        spread.total = _open(spread).count()
    upcoming = _batch(spread, now)
    spread.save(update_fields=["total", "moved", "after", "held", "finished_at", "settled_at"])
    return upcoming


def _batch(spread: PromiseSpread, now: datetime) -> datetime | None:
    """Move the next mentions, and say when to go on."""
    ahead = _next(spread)
    again, kept = ([], spread.held) if ahead else (spread.held[:BATCH], spread.held[BATCH:])
    wanted = ahead or _still_open(spread, again)
    locked = list(
        Mention.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=wanted).order_by("id")
    )
    moved = {mention.pk for mention in locked}
    if locked:
        spread.moved += 0 if spread.finished_at else _open(spread).filter(mention_id__in=moved).count()
        repromise_clocks(locked, now=now)
    spread.held = [*kept, *(pk for pk in wanted if pk not in moved)]
    if ahead:
        spread.after = ahead[-1]
        return now
    if spread.held:
        return now + BUSY
    return _end(spread, now)


def _end(spread: PromiseSpread, now: datetime) -> datetime | None:
    """Nothing is left; look once more, a moment later, at what is new."""
    if spread.finished_at is not None:
        spread.settled_at = now
        return None
    spread.finished_at, spread.after = now, None
    return now + SETTLING


def _open(spread: PromiseSpread) -> Any:
    clocks = Clock.objects.filter(stopped_at=None)
    return clocks.filter(mention__client_id=spread.client_id) if spread.client_id else clocks


def _next(spread: PromiseSpread) -> list[UUID]:
    """The next mentions with open clocks that this pass hasn't reached."""
    clocks = _open(spread)
    if spread.finished_at is not None:  # the last look: an old mention may have got a new clock
        clocks = clocks.filter(pk__gt=_first_id(spread.asked_at - AS_NEW_AS))
    if spread.after is not None:
        clocks = clocks.filter(mention_id__gt=spread.after)
    return list(clocks.order_by("mention_id").values_list("mention_id", flat=True).distinct()[:BATCH])


def _still_open(spread: PromiseSpread, mentions: list[UUID]) -> list[UUID]:
    """Those that somebody was moving, unless they are closed or gone meanwhile."""
    clocks = _open(spread).filter(mention_id__in=mentions)
    return list(clocks.values_list("mention_id", flat=True).distinct()) if mentions else []


def _first_id(at: datetime) -> UUID:
    """The first id (UUIDv7) that a row made at this moment can have."""
    milliseconds = max(0, int(at.timestamp() * 1000))
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0x2 << 62)

"""Clocks made again from their histories, and compared with what is stored or put in its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agency.actions.alarms import clear_alarms, set_alarms
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.tenancy import tenant
from mentions.models import Mention
from workflows.actions.clock_rows import note_due, put, save_due, update_clocks
from workflows.models import Clock
from workflows.queries.clock_history import Difference, Found, compare
from workflows.words import CLOCK_DUE

BATCH = 500  # mentions


@dataclass(frozen=True, slots=True)
class Batch:
    """What was found of some mentions, and what of it can't be mended because a history is broken."""

    clocks: int
    differences: Sequence[Difference]
    broken: int


def rebuild_clocks(agency_id: UUID, *, repair: bool, by: Actor, now: datetime) -> Iterator[Batch]:
    """Fold every clock of an agency, some mentions at a time, each batch in a transaction of its own.

    What differs is looked at again in the mention's lock, so that a move in between is no difference.
    """
    last = UUID(int=0)
    while True:
        with tenant(agency_id):
            mentions = list(Mention.objects.filter(pk__gt=last).order_by("pk")[:BATCH])
            if not mentions:
                return
            last = mentions[-1].pk
            batch = _batch(mentions, repair=repair, by=by, now=now)
        yield batch


def _batch(mentions: Sequence[Mention], *, repair: bool, by: Actor, now: datetime) -> Batch:
    seen = compare(mentions, now=now)
    clocks = len(seen.folded) + len(seen.broken)
    if not seen.by_mention:
        return Batch(clocks, [], 0)
    doubtful = Mention.objects.select_for_update().filter(pk__in=list(seen.by_mention)).order_by("pk")
    held = {mention.pk: mention for mention in doubtful}
    found = compare(list(held.values()), now=now)
    if repair:
        for mention_id, differences in found.by_mention.items():
            _mend(held[mention_id], found, differences, by, now)
    return Batch(clocks, found.differences, len(found.broken))


def _mend(
    mention: Mention, found: Found, differences: Sequence[Difference], by: Actor, now: datetime
) -> None:
    """The rows as the lines have it, with their alarms, and the mention as the rows have it."""
    mine = [one for one in found.folded if one.clock.mention_id == mention.pk]
    stuck = [clock for clock in found.broken if clock.mention_id == mention.pk]
    for one in mine:
        one.clock.calendar_id, one.clock.lines = one.calendar_id, one.lines
        one.clock.excused_late = one.state.late
        put(one.clock, one.state, one.hours, now)
    clocks = [one.clock for one in mine]
    update_clocks(clocks)
    Clock.objects.bulk_update(clocks, ["excused_late"])
    set_alarms(CLOCK_DUE, {clock.pk: clock.next_fire_at for clock in clocks if clock.next_fire_at})
    clear_alarms(CLOCK_DUE, [clock.pk for clock in clocks if not clock.next_fire_at])
    mention.breached = False
    note_due([mention], [*clocks, *stuck])
    save_due([mention])
    fields = sorted({difference.field for difference in differences})
    record(
        "clocks.rebuilt",
        by=by,
        subject=mention,
        now=now,
        details={"fields": ", ".join(fields)},
    )
    emit("clocks.rebuilt", subject=mention, now=now, data={"fields": fields})

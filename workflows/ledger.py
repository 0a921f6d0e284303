"""Whose time each moment was, from a post's publication to our answer.

Pure: a fold of the post's time, the mention's moves and two calendars, each of which may have been another one before
(`changing`). The slices follow one another without gap or overlap, so their lengths add up to the whole to the
microsecond.

The ledger runs until the mention is first closed, by an answer or a dismissal. An answer counts at
`answered_at`, when the reply was live, wherever that is known. What happens after a reopening is a
round of its own in `Ledger.reopened`; the time between, while closed, is nobody's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate, groupby, pairwise
from typing import Protocol

from clients.hours import Hours

ZERO = timedelta(0)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
# A ledger shorter than this is told in seconds, since minutes would round half of it away.
SECONDS_BELOW = timedelta(minutes=10)
ANSWERED = "responded"
CLOSED = frozenset({ANSWERED, "dismissed"})


class LedgerError(ValueError):
    """A state that no mention has, or a moment without a time zone."""


class Owner(StrEnum):
    UNDETECTED = "undetected"
    AGENCY_ON = "agency_on"
    CLIENT_ON = "client_on"
    AGENCY_OFF = "agency_off"
    CLIENT_OFF = "client_off"
    PLATFORM = "platform"
    ROUTED = "routed"


OWNER_OF = {
    "new": Owner.AGENCY_ON,
    "claimed": Owner.AGENCY_ON,
    "awaiting_client": Owner.CLIENT_ON,
    "approved": Owner.PLATFORM,
}
OFF_HOURS = {Owner.AGENCY_ON: Owner.AGENCY_OFF, Owner.CLIENT_ON: Owner.CLIENT_OFF}


class OpenHours(Protocol):
    """What the ledger asks of a calendar: `Hours`, or several of them one after the other (`changing`)."""

    def slices(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
        """[start, end) cut where it opens and closes, as `Hours.slices`."""


@dataclass(frozen=True, slots=True)
class Spell:
    """The hours that hold from `since` on, until the next spell begins."""

    since: datetime
    hours: Hours


@dataclass(frozen=True, slots=True)
class _Changing:
    spells: tuple[Spell, ...]

    def slices(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
        later = (*(spell.since for spell in self.spells[1:]), None)
        for spell, until in zip(self.spells, later, strict=True):
            stop = end if until is None else min(until, end)
            if start < stop:
                yield from spell.hours.slices(start, stop)
                start = stop


def changing(spells: Sequence[Spell]) -> OpenHours:
    """Hours that became others: time that has passed keeps those that it ran under.

    What lies before the first spell runs by the first one. A spell that claims to begin before the one that it follows
    begins with it, so that the later one holds.

    Raises:
        LedgerError: no spell, or a moment without a time zone.
    """
    if not spells:
        raise LedgerError("Hours that change need at least one spell.")
    moments = accumulate((_utc(spell.since) for spell in spells), max)
    return _Changing(tuple(Spell(at, spell.hours) for at, spell in zip(moments, spells, strict=True)))


@dataclass(frozen=True, slots=True)
class Step:
    """A mention's state from `at` on, and whether it is with another division."""

    at: datetime
    state: str
    routed: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """[start, end) in UTC, never empty, that belongs to one owner."""

    owner: Owner
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Ledger:
    """The attributed time.

    Attributes:
        start, end: the publication and the first close, or `now` while that is to come.
        slices: [start, end) without gaps; no two neighbours have the same owner.
        reopened: the slices of each later round, from its reopening to its close or `now`.
        closed: whether there was a first close.
        resolved_at: the last close; None while the present round is open.
        source_ahead: the post claims to be younger than its own discovery or answer, because its
            source's clock is ahead; `start` was moved back to the first of these.
        disordered: a step claims to be earlier than the one before it, and was moved up to it.
    """

    start: datetime
    end: datetime
    slices: tuple[Slice, ...]
    reopened: tuple[tuple[Slice, ...], ...] = ()
    closed: bool = False
    resolved_at: datetime | None = None
    source_ahead: bool = False
    disordered: bool = False

    @property
    def whole(self) -> timedelta:
        return self.end - self.start

    @property
    def totals(self) -> dict[Owner, timedelta]:
        """What each owner has of `slices`, zero included; adds up to `whole` exactly."""
        return totals(self.slices)

    @property
    def first_resolution(self) -> timedelta | None:
        """From the publication to the first close; None before it."""
        return self.whole if self.closed else None

    @property
    def total_resolution(self) -> timedelta | None:
        """From the publication to the last close, whatever was reopened between; None while it is open."""
        return None if self.resolved_at is None else self.resolved_at - self.start


def totals(slices: Iterable[Slice]) -> dict[Owner, timedelta]:
    """The length that each owner has in these slices; every owner is there."""
    lengths = dict.fromkeys(Owner, ZERO)
    for part in slices:
        lengths[part.owner] += part.length
    return lengths


def ledger(
    *,
    published_at: datetime,
    recorded_at: datetime,
    steps: Sequence[Step],
    answered_at: datetime | None,
    agency_hours: OpenHours,
    client_hours: OpenHours,
    now: datetime,
) -> Ledger:
    """Attribute every moment from the publication to the first close, and each round after it.

    Args:
        recorded_at: when we saw the post; from here on it is new, until the first step.
        steps: in the order in which they happened; the recording itself may be among them.
        answered_at: when the first reply was live, by whatever clock the platform has. It may be
            earlier than the step that notes it, or even than `recorded_at`.
        now: the end of what is still open.

    Raises:
        LedgerError: an unknown state, or a moment without a time zone.
        HorizonExceeded: the calendars don't reach as far as the steps.
    """
    published, recorded = _utc(published_at), _utc(recorded_at)
    answered = None if answered_at is None else _utc(answered_at)
    begin = min(published, recorded, answered or recorded)
    stays, disordered = _stays(recorded, steps, _utc(now))
    first, *later = [list(group) for shut, group in groupby(stays, _is_closed) if not shut]
    closing = next(filter(_is_closed, stays), None)
    end = _end(closing, later[0][0].start if later else None, answered, stays[-1].end)
    calendars: dict[Owner, OpenHours] = {Owner.AGENCY_ON: agency_hours, Owner.CLIENT_ON: client_hours}
    seen = [part for stay in _until(end, first) for part in _cut(stay, calendars)]
    return Ledger(
        start=begin,
        end=end,
        slices=_joined([Slice(Owner.UNDETECTED, begin, min(recorded, end)), *seen]),
        reopened=tuple(
            _joined([part for stay in stays for part in _cut(stay, calendars)]) for stays in later
        ),
        closed=closing is not None or answered is not None,
        resolved_at=_last_close(stays, end, answered is not None),
        source_ahead=begin < published,
        disordered=disordered,
    )


def sentence(ledger: Ledger, *, us: str = "us", you: str = "you") -> str:
    """The first round as people read it: "3 h 12: 18 min us, 2 h 40 you, 14 min after hours".

    Counted in minutes, or below ten minutes in seconds. The whole is rounded half up, and the
    parts by largest remainder, so that they add up to the whole as it is written. A part that
    comes to nothing is left out. Both after-hours owners are one part.
    """
    return sentence_of(ledger.totals, us=us, you=you)


def sentence_of(has: Mapping[Owner, timedelta], *, us: str = "us", you: str = "you") -> str:
    """The same of any totals, such as the average of many ledgers."""
    length = sum(has.values(), ZERO)
    parts = [
        (has[Owner.UNDETECTED], "before we saw it"),
        (has[Owner.AGENCY_ON], us),
        (has[Owner.CLIENT_ON], you),
        (has[Owner.AGENCY_OFF] + has[Owner.CLIENT_OFF], "after hours"),
        (has[Owner.PLATFORM], "sending"),
        (has[Owner.ROUTED], "routed"),
    ]
    unit = SECOND if length < SECONDS_BELOW else MINUTE
    counts = _shares([amount for amount, _ in parts], unit)
    told = [f"{written(n * unit)} {who}" for n, (_, who) in zip(counts, parts, strict=True) if n]
    whole = written(sum(counts) * unit)
    return f"{whole}: {', '.join(told)}" if told else whole


def told_shares(has: Mapping[Owner, timedelta]) -> dict[Owner, timedelta]:
    """Each owner's part as the sentence counts it, so that what stands beside it doesn't differ by a minute.

    The two that are one part there share it; what comes to nothing there is told as long as it was.
    """
    unit = SECOND if sum(has.values(), ZERO) < SECONDS_BELOW else MINUTE
    off = [Owner.AGENCY_OFF, Owner.CLIENT_OFF]
    parts = [[Owner.UNDETECTED], [Owner.AGENCY_ON], [Owner.CLIENT_ON], off, [Owner.PLATFORM], [Owner.ROUTED]]
    counts = _shares([sum((has[owner] for owner in owners), ZERO) for owners in parts], unit)
    told = {owners[0]: n * unit for n, owners in zip(counts, parts, strict=True)}
    theirs = has[Owner.CLIENT_OFF]
    both = has[Owner.AGENCY_OFF] + theirs
    told[Owner.CLIENT_OFF] = round(told[Owner.AGENCY_OFF] / unit * (theirs / both)) * unit if both else ZERO
    told[Owner.AGENCY_OFF] -= told[Owner.CLIENT_OFF]
    return {owner: told[owner] or has[owner] for owner in Owner}


@dataclass(frozen=True, slots=True)
class _Stay:
    """[start, end) in one state; may be empty."""

    step: Step
    start: datetime
    end: datetime


def _stays(recorded: datetime, steps: Sequence[Step], now: datetime) -> tuple[list[_Stay], bool]:
    """The states one after the other from the recording to `now`, and whether any was moved."""
    for step in steps:
        if step.state not in OWNER_OF and step.state not in CLOSED:
            raise LedgerError(f"No mention has the state {step.state!r}.")
    claimed = [recorded, *(_utc(step.at) for step in steps)]
    moments = list(accumulate(claimed, max))
    spans = pairwise([*moments, max(now, moments[-1])])
    states = [Step(recorded, "new"), *steps]
    stays = [_Stay(step, start, end) for step, (start, end) in zip(states, spans, strict=True)]
    return stays, moments != claimed


def _is_closed(stay: _Stay) -> bool:
    return stay.step.state in CLOSED


def _end(
    closing: _Stay | None, reopened: datetime | None, answered: datetime | None, now: datetime
) -> datetime:
    """Where the first round ends.

    An answer after a dismissal or a reopening isn't of this round.
    """
    if closing is None:
        return answered or now
    if answered is None or (reopened is not None and answered > reopened):
        return closing.start
    return answered if closing.step.state == ANSWERED else min(closing.start, answered)


def _last_close(stays: Sequence[_Stay], first_end: datetime, answered: bool) -> datetime | None:
    """When the last of the rounds was closed, the first of which closes at `first_end`; None while it is open."""
    pairs = pairwise(stays)
    closes = [stay.start for before, stay in pairs if _is_closed(stay) and not _is_closed(before)]
    if not closes:
        return first_end if answered else None
    if not _is_closed(stays[-1]):
        return None
    return closes[-1] if len(closes) > 1 else first_end


def _until(end: datetime, stays: Sequence[_Stay]) -> Iterator[_Stay]:
    """The stays cut off at `end`, or the last one drawn out to it."""
    for stay in stays[:-1]:
        if stay.start < end:
            yield replace(stay, end=min(stay.end, end))
    if stays[-1].start < end:
        yield replace(stays[-1], end=end)


def _cut(stay: _Stay, calendars: Mapping[Owner, OpenHours]) -> Iterator[Slice]:
    owner = Owner.ROUTED if stay.step.routed else OWNER_OF[stay.step.state]
    if owner not in calendars:
        yield Slice(owner, stay.start, stay.end)
        return
    for start, end, is_open in calendars[owner].slices(stay.start, stay.end):
        yield Slice(owner if is_open else OFF_HOURS[owner], start, end)


def _joined(parts: Iterable[Slice]) -> tuple[Slice, ...]:
    """The same time without empty slices and with neighbours of one owner made one."""
    joined: list[Slice] = []
    for part in parts:
        if part.start == part.end:
            continue
        if joined and joined[-1].owner == part.owner:
            joined[-1] = replace(joined[-1], end=part.end)
        else:
            joined.append(part)
    return tuple(joined)


def _shares(amounts: Sequence[timedelta], unit: timedelta) -> list[int]:
    """Whole units for each amount by largest remainder, adding up to the rounded sum."""
    counts = [amount // unit for amount in amounts]
    whole = (2 * sum(amounts, ZERO) + unit) // (2 * unit)
    by_remainder = sorted(range(len(amounts)), key=lambda n: amounts[n] % unit, reverse=True)
    for n in by_remainder[: whole - sum(counts)]:
        counts[n] += 1
    return counts


def written(length: timedelta) -> str:
    """ "2 d 3 h 05", "3 h 12", "18 min", "1 min 15 s", "40 s": bare minutes after hours."""
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = [f"{length.days} d"] if length.days else []
    if hours:
        return " ".join([*days, f"{hours} h {minutes:02}" if minutes else f"{hours} h"])
    told = [*days, *([f"{minutes} min"] if minutes else []), *([f"{seconds} s"] if seconds else [])]
    return " ".join(told) or "0 s"


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise LedgerError(f"{at.isoformat()} has no time zone.")
    return at.astimezone(UTC)

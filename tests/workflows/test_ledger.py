import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.hours import ALWAYS, HorizonExceeded, Hours, weekly
from workflows.ledger import (
    CLOSED,
    Ledger,
    LedgerError,
    Owner,
    Slice,
    Step,
    ledger,
    sentence,
    totals,
)

ZERO = timedelta(0)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)
YEAR = date(2026, 1, 1), date(2027, 1, 1)
RIGA = weekly("Europe/Riga", {day: [("09:00", "17:00")] for day in range(5)}, *YEAR)
NEW_YORK = weekly("America/New_York", {day: [("08:00", "18:00")] for day in range(6)}, *YEAR)

STATES = ["new", "claimed", "awaiting_client", "approved", "responded", "dismissed"]
calendars = st.sampled_from([ALWAYS, RIGA, NEW_YORK])
gaps = st.integers(0, 200).map(lambda n: n * 15 * MINUTE) | st.timedeltas(ZERO, timedelta(days=2))
leaps = st.timedeltas(-HOUR, timedelta(days=2))


@st.composite
def stories(draw: st.DrawFn) -> Ledger:
    """The ledger of any story, told in order or not, answered when it was or when it wasn't."""
    recorded = NOON + draw(gaps)
    moment, steps = recorded, []
    for state in draw(st.lists(st.sampled_from(STATES), max_size=8)):
        moment += draw(leaps)
        steps.append(Step(moment, state, routed=draw(st.booleans())))
    return ledger(
        published_at=recorded - draw(leaps),
        recorded_at=recorded,
        steps=steps,
        answered_at=draw(st.none() | leaps.map(lambda leap: moment + leap)),
        agency_hours=draw(calendars),
        client_hours=draw(calendars),
        now=moment + draw(leaps),
    )


def told(
    *steps: Step,
    published_at: datetime = NOON,
    recorded_at: datetime = NOON,
    answered_at: datetime | None = None,
    agency: Hours = ALWAYS,
    client: Hours = ALWAYS,
    now: datetime = NOON + 24 * HOUR,
) -> Ledger:
    return ledger(
        published_at=published_at,
        recorded_at=recorded_at,
        steps=steps,
        answered_at=answered_at,
        agency_hours=agency,
        client_hours=client,
        now=now,
    )


def after(length: timedelta, state: str, *, routed: bool = False) -> Step:
    return Step(NOON + length, state, routed)


def nonzero(told: Ledger) -> dict[Owner, timedelta]:
    return {owner: length for owner, length in told.totals.items() if length}


@given(stories())
def test_the_parts_add_up_to_the_whole_to_the_microsecond(story: Ledger) -> None:
    assert sum(story.totals.values(), ZERO) == story.end - story.start == story.whole
    assert set(story.totals) == set(Owner)


@given(stories())
def test_the_slices_follow_one_another_without_gap_and_change_owner(story: Ledger) -> None:
    for slices in (story.slices, *story.reopened):
        assert all(part.start < part.end for part in slices)
        assert all(left.end == right.start for left, right in pairwise(slices))
        assert all(left.owner is not right.owner for left, right in pairwise(slices))
    if story.slices:
        assert (story.slices[0].start, story.slices[-1].end) == (story.start, story.end)


@given(stories())
def test_no_moment_is_counted_twice(story: Ledger) -> None:
    every = [part for slices in (story.slices, *story.reopened) for part in slices]

    assert all(left.end <= right.start for left, right in pairwise(every))


@given(
    st.lists(st.tuples(gaps, st.sampled_from(STATES[:4]), st.booleans()), max_size=8),
    gaps,
    calendars,
    calendars,
)
def test_each_owner_has_what_the_calendars_say_of_each_state(
    moves: list[tuple[timedelta, str, bool]], rest: timedelta, agency: Hours, client: Hours
) -> None:
    expected = dict.fromkeys(Owner, ZERO)
    steps = [Step(NOON, "new")]
    for wait, state, routed in moves:
        steps.append(Step(steps[-1].at + wait, state, routed))
    end = steps[-1].at + rest
    for step, until in zip(steps, [*(s.at for s in steps[1:]), end], strict=True):
        if step.routed:
            expected[Owner.ROUTED] += until - step.at
        elif step.state == "approved":
            expected[Owner.PLATFORM] += until - step.at
        elif step.state == "awaiting_client":
            expected[Owner.CLIENT_ON] += client.between(step.at, until)
            expected[Owner.CLIENT_OFF] += until - step.at - client.between(step.at, until)
        else:
            expected[Owner.AGENCY_ON] += agency.between(step.at, until)
            expected[Owner.AGENCY_OFF] += until - step.at - agency.between(step.at, until)

    assert told(*steps, agency=agency, client=client, now=end).totals == expected


def test_a_story_is_told_whole() -> None:
    story = told(
        after(5 * MINUTE, "claimed"),
        after(20 * MINUTE, "awaiting_client"),
        after(50 * MINUTE, "claimed"),
        after(55 * MINUTE, "awaiting_client"),
        after(65 * MINUTE, "approved"),
        after(66 * MINUTE, "responded"),
        published_at=NOON - 3 * MINUTE,
        answered_at=NOON + 66 * MINUTE,
    )

    assert [(part.owner, part.length // MINUTE) for part in story.slices] == [
        (Owner.UNDETECTED, 3),
        (Owner.AGENCY_ON, 20),
        (Owner.CLIENT_ON, 30),
        (Owner.AGENCY_ON, 5),
        (Owner.CLIENT_ON, 10),
        (Owner.PLATFORM, 1),
    ]
    assert story.closed
    assert sentence(story) == "1 h 09: 3 min before we saw it, 25 min us, 40 min you, 1 min sending"


def test_a_night_between_belongs_to_whoever_slept() -> None:
    # Four in the afternoon in Riga on a Wednesday, until ten on Thursday.
    story = told(
        after(3 * HOUR, "awaiting_client"),
        recorded_at=NOON + 2 * HOUR,
        published_at=NOON + 2 * HOUR,
        agency=RIGA,
        client=RIGA,
        now=NOON + 20 * HOUR,
    )

    assert nonzero(story) == {
        Owner.AGENCY_ON: HOUR,
        Owner.CLIENT_OFF: 16 * HOUR,
        Owner.CLIENT_ON: HOUR,
    }
    assert sentence(story) == "18 h: 1 h us, 1 h you, 16 h after hours"


def test_routed_time_is_the_division_s_whatever_the_state() -> None:
    story = told(
        after(HOUR, "claimed", routed=True),
        after(3 * HOUR, "claimed"),
        after(4 * HOUR, "dismissed", routed=True),
    )

    assert nonzero(story) == {Owner.AGENCY_ON: 2 * HOUR, Owner.ROUTED: 2 * HOUR}


def test_an_open_ledger_runs_until_now() -> None:
    story = told(now=NOON + HOUR)

    assert (story.closed, story.end, nonzero(story)) == (
        False,
        NOON + HOUR,
        {Owner.AGENCY_ON: HOUR},
    )


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_the_first_close_ends_it_whatever_the_time_is_now(state: str) -> None:
    story = told(after(HOUR, state))

    assert (story.closed, story.end) == (True, NOON + HOUR)


def test_what_follows_a_reopening_is_kept_apart() -> None:
    story = told(
        after(1 * HOUR, "responded"),
        after(5 * HOUR, "claimed"),
        after(6 * HOUR, "awaiting_client"),
        after(8 * HOUR, "dismissed"),
        after(9 * HOUR, "claimed"),
        now=NOON + 10 * HOUR,
    )

    assert nonzero(story) == {Owner.AGENCY_ON: HOUR}
    assert story.reopened == (
        (
            Slice(Owner.AGENCY_ON, NOON + 5 * HOUR, NOON + 6 * HOUR),
            Slice(Owner.CLIENT_ON, NOON + 6 * HOUR, NOON + 8 * HOUR),
        ),
        (Slice(Owner.AGENCY_ON, NOON + 9 * HOUR, NOON + 10 * HOUR),),
    )
    assert totals(story.reopened[0])[Owner.CLIENT_ON] == 2 * HOUR


@pytest.mark.parametrize("shift", [-MINUTE, ZERO, MINUTE])
def test_an_answer_counts_when_it_was_live_not_when_it_was_noted(shift: timedelta) -> None:
    story = told(
        after(HOUR, "approved"),
        after(2 * HOUR, "responded"),
        answered_at=NOON + 2 * HOUR + shift,
    )

    assert story.end == NOON + 2 * HOUR + shift
    assert story.totals[Owner.PLATFORM] == HOUR + shift


def test_an_answer_found_elsewhere_ends_it_at_its_own_time() -> None:
    before_we_looked = told(
        after(2 * HOUR, "responded"), published_at=NOON - 2 * HOUR, answered_at=NOON - HOUR
    )
    still_open = told(after(HOUR, "claimed"), answered_at=NOON + 2 * HOUR)

    assert nonzero(before_we_looked) == {Owner.UNDETECTED: HOUR}
    assert nonzero(still_open) == {Owner.AGENCY_ON: 2 * HOUR}
    assert still_open.closed


def test_an_answer_after_a_dismissal_belongs_to_the_round_that_gave_it() -> None:
    story = told(
        after(1 * HOUR, "dismissed"),
        after(5 * HOUR, "claimed"),
        after(6 * HOUR, "responded"),
        answered_at=NOON + 6 * HOUR,
    )

    assert story.end == NOON + HOUR
    assert [totals(slices)[Owner.AGENCY_ON] for slices in story.reopened] == [HOUR]


def test_a_source_whose_clock_is_ahead_is_held_to_ours_and_marked() -> None:
    ahead = told(published_at=NOON + MINUTE, now=NOON + HOUR)

    assert (ahead.source_ahead, ahead.start) == (True, NOON)
    assert nonzero(ahead) == {Owner.AGENCY_ON: HOUR}
    assert not told().source_ahead


def test_an_answer_before_the_post_leaves_nothing_and_is_marked() -> None:
    story = told(published_at=NOON, answered_at=NOON - HOUR)

    assert (story.slices, story.whole, story.source_ahead) == ((), ZERO, True)
    assert sentence(story) == "0 s"


def test_a_machine_set_back_an_hour_moves_steps_up_and_is_marked() -> None:
    story = told(after(2 * HOUR, "claimed"), after(HOUR, "awaiting_client"), after(3 * HOUR, "responded"))

    assert story.disordered
    assert nonzero(story) == {Owner.AGENCY_ON: 2 * HOUR, Owner.CLIENT_ON: HOUR}


def test_the_recording_may_be_among_the_steps() -> None:
    assert told(after(ZERO, "new"), after(HOUR, "claimed")) == told(after(HOUR, "claimed"))


def test_moments_of_any_zone_mean_their_instant() -> None:
    zone = ZoneInfo("Europe/Riga")
    # The clocks go forward in this night: three hours on the wall, two in truth.
    before = datetime(2026, 3, 29, 2, tzinfo=zone)
    story = told(published_at=before, recorded_at=before, now=datetime(2026, 3, 29, 5, tzinfo=zone))

    assert story.whole == 2 * HOUR


def test_calendars_are_asked_only_about_time_that_is_theirs() -> None:
    long_ago = told(published_at=datetime(2009, 1, 1, tzinfo=UTC), agency=RIGA, client=RIGA)

    assert long_ago.totals[Owner.UNDETECTED] > timedelta(days=6000)
    with pytest.raises(HorizonExceeded):
        told(agency=RIGA, now=datetime(2031, 1, 1, tzinfo=UTC))


def test_states_that_no_mention_has_and_naive_moments_are_refused() -> None:
    with pytest.raises(LedgerError, match="snoozed"):
        told(after(HOUR, "snoozed"))
    with pytest.raises(LedgerError, match="time zone"):
        told(published_at=NOON.replace(tzinfo=None))


def of(**lengths: timedelta) -> Ledger:
    """A ledger with one slice for each named owner, in that order."""
    at, slices = NOON, []
    for name, length in lengths.items():
        slices.append(Slice(Owner(name), at, at + length))
        at += length
    return Ledger(NOON, at, tuple(slices))


def test_the_sentence_is_the_one_that_people_read() -> None:
    parts = of(agency_on=18 * MINUTE, client_on=160 * MINUTE, agency_off=4 * MINUTE, client_off=10 * MINUTE)

    assert sentence(parts) == "3 h 12: 18 min us, 2 h 40 you, 14 min after hours"
    assert (
        sentence(parts, us="Northlight", you="Baltic Bread")
        == "3 h 12: 18 min Northlight, 2 h 40 Baltic Bread, 14 min after hours"
    )


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0.4 * SECOND, "0 s"),
        (40 * SECOND, "40 s"),
        (60 * SECOND, "1 min"),
        (75 * SECOND, "1 min 15 s"),
        (10 * MINUTE - SECOND, "9 min 59 s"),
        (10 * MINUTE - MICROSECOND, "10 min"),
        (10 * MINUTE + 29 * SECOND, "10 min"),
        (10 * MINUTE + 30 * SECOND, "11 min"),
        (HOUR, "1 h"),
        (HOUR + 5 * MINUTE, "1 h 05"),
        (24 * HOUR, "1 d"),
        (51 * HOUR + 5 * MINUTE, "2 d 3 h 05"),
        (48 * HOUR + 5 * MINUTE, "2 d 5 min"),
    ],
)
def test_lengths_are_told_shortly(length: timedelta, text: str) -> None:
    assert sentence(of(agency_on=length)).split(":")[0] == text


def test_parts_that_round_to_nothing_are_left_out_and_the_rest_still_adds_up() -> None:
    thirds = of(undetected=220 * SECOND, agency_on=220 * SECOND, client_on=220 * SECOND)

    assert sentence(thirds) == "11 min: 4 min before we saw it, 4 min us, 3 min you"
    assert sentence(of(agency_on=HOUR, platform=20 * SECOND)) == "1 h: 1 h us"


def read(length: str) -> timedelta:
    """What a told length says: "2 d 3 h 05" is two days, three hours and five minutes."""
    units = {"d": timedelta(days=1), "h": HOUR, "min": MINUTE, "s": SECOND, "": MINUTE}
    pairs = re.findall(r"(\d+)(?: (d|h|min|s)\b)?", length)
    return sum((int(number) * units[unit] for number, unit in pairs), ZERO)


owner_lengths = st.dictionaries(
    st.sampled_from(list(Owner)),
    st.timedeltas(MICROSECOND, 2 * MINUTE) | st.timedeltas(MICROSECOND, timedelta(days=40)),
)


@given(owner_lengths)
def test_the_parts_of_the_sentence_add_up_to_its_whole(lengths: dict[Owner, timedelta]) -> None:
    story = of(**lengths)
    whole, _, parts = sentence(story).partition(": ")
    unit = SECOND if story.whole < 10 * MINUTE else MINUTE
    shares: Sequence[timedelta] = [read(part) for part in parts.split(", ") if part]

    assert sum(shares, ZERO) == read(whole)
    assert abs(read(whole) - story.whole) <= unit / 2
    assert all(share > ZERO for share in shares)


@given(owner_lengths)
def test_no_part_of_the_sentence_is_off_by_a_whole_unit(lengths: dict[Owner, timedelta]) -> None:
    lengths.pop(Owner.CLIENT_OFF, None)
    story = of(**lengths)
    words = {
        Owner.UNDETECTED: "before we saw it",
        Owner.AGENCY_ON: "us",
        Owner.CLIENT_ON: "you",
        Owner.AGENCY_OFF: "after hours",
        Owner.PLATFORM: "sending",
        Owner.ROUTED: "routed",
    }
    unit = SECOND if story.whole < 10 * MINUTE else MINUTE
    parts = sentence(story).partition(": ")[2].split(", ")

    for owner, word in words.items():
        said = next((read(part) for part in parts if part.endswith(f" {word}")), ZERO)
        assert abs(said - story.totals[owner]) < unit

"""The words and shapes that pages share."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agency.templatetags import earshot, words

NOW = datetime(2026, 11, 24, 7, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
lengths = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=900))


@dataclass
class SomeClock:
    state: str
    target: timedelta = timedelta(hours=1)
    used: timedelta = timedelta(minutes=20)
    due_at: datetime | None = None


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59, milliseconds=999), "59 s"),
        (timedelta(minutes=32, seconds=59), "32 min"),
        (timedelta(hours=3, minutes=12), "3 h 12 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=2, hours=4, minutes=59), "2 d 4 h"),
        (timedelta(days=1, minutes=5), "1 d"),
        (-timedelta(minutes=65), "1 h 5 min"),
    ],
)
def test_a_length_of_time_is_said_in_two_units_at_most(length: timedelta, said: str) -> None:
    assert earshot.duration(length) == said


def test_no_length_is_a_dash() -> None:
    assert earshot.duration(None) == "–"


@given(lengths, lengths)
def test_a_longer_time_never_reads_as_shorter(one: timedelta, other: timedelta) -> None:
    def told(length: timedelta) -> int:
        seconds = {"s": 1, "min": 60, "h": 3600, "d": 86400}
        return sum(int(unit.split()[0]) * seconds[unit.split()[1]] for unit in words.units(length))

    short, long = sorted((one, other))
    assert told(short) <= told(long) <= long.total_seconds()


@pytest.mark.parametrize(
    ("due", "said", "kind"),
    [
        (NOW + 245 * MINUTE, "4 h 5 min left", "pill--calm"),
        (NOW + 30 * MINUTE, "30 min left", "pill--warn"),
        (NOW, "due now", "pill--warn"),
        (NOW - timedelta(seconds=1), "late by 1 s", "pill--late"),
        (NOW - 65 * MINUTE, "late by 1 h 5 min", "pill--late"),
    ],
)
def test_the_pill_says_how_much_time_is_left_and_how_bad_that_is(due: datetime, said: str, kind: str) -> None:
    pill = earshot.time_left(due, NOW)
    assert f">{said}</time>" in pill
    assert kind in pill
    assert f'datetime="{due.isoformat()}"' in pill


def test_a_pill_without_a_due_time_is_nothing() -> None:
    assert earshot.time_left(None, NOW) == ""


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (SomeClock("met"), "met in 20 min"),
        (SomeClock("paused"), "paused, 40 min left"),
        (SomeClock("running", due_at=NOW + 40 * MINUTE), "40 min left"),
        (SomeClock("breached", due_at=NOW - 5 * MINUTE), "late by 5 min"),
        (SomeClock("breached", used=timedelta(minutes=74)), "late by 14 min"),
    ],
)
def test_a_clock_says_how_it_stands(clock: SomeClock, said: str) -> None:
    assert said in earshot.clock_left(clock, NOW)


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3, minutes=12), "3 h ago"),
        (timedelta(days=6, hours=23), "6 d ago"),
        (timedelta(days=7), "17 Nov"),
        (timedelta(days=365), "24 Nov 2025"),
        (-timedelta(minutes=4), "in 4 min"),
    ],
)
def test_what_is_past_is_told_by_its_age_and_then_by_its_date(past: timedelta, said: str) -> None:
    assert f">{said}</time>" in earshot.ago(NOW - past, NOW)


def test_what_never_was_is_never() -> None:
    assert earshot.ago(None, NOW) == "never"


@pytest.mark.parametrize(
    ("zone", "said"),
    [("Europe/Riga", "9:40"), ("America/New_York", "2:40"), ("Asia/Kathmandu", "13:25")],
)
def test_a_moment_is_told_in_the_readers_own_zone(zone: str, said: str) -> None:
    assert f">{said}</time>" in earshot.moment(NOW + 32 * MINUTE, NOW, zone)


def test_a_moment_on_another_local_day_carries_its_date() -> None:
    assert ">Wed 25 Nov, 0:30</time>" in earshot.moment(
        NOW + timedelta(hours=15, minutes=22), NOW, "Europe/Riga"
    )
    assert ">22:30</time>" in earshot.moment(NOW + timedelta(hours=15, minutes=22), NOW, "UTC")


def test_a_moment_without_a_zone_is_told_in_the_current_one() -> None:
    with timezone.override("Europe/Riga"):
        assert ">9:08</time>" in earshot.moment(NOW, NOW)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ben Ozoliņš", "BO"),
        ("ben@agency.example", "BE"),
        ("Šarlote", "Š"),
        ("نادية الحسن", "نا"),
        ("  ", "?"),
        (None, "?"),
        ("🎉 party", "P"),
    ],
)
def test_initials_stand_for_any_name(name: str | None, letters: str) -> None:
    assert earshot.initials(name) == letters


def test_matched_terms_are_marked_and_everything_else_is_escaped() -> None:
    marked = earshot.highlight("<b>Baltic ROAST & baltic</b>", ["baltic", "Baltic Roast", ""])
    assert marked == "&lt;b&gt;<mark>Baltic ROAST</mark> &amp; <mark>baltic</mark>&lt;/b&gt;"


@given(st.text(), st.lists(st.text(max_size=4), max_size=4))
def test_marking_loses_no_letter_and_lets_no_markup_in(text: str, terms: list[str]) -> None:
    plain = earshot.highlight(text, terms).replace("<mark>", "").replace("</mark>", "")
    assert plain == earshot.highlight(text, [])
    assert "<" not in plain


def test_states_and_priorities_have_a_word_and_a_shape_of_their_own() -> None:
    for table, draw in ((words.STATES, earshot.state_badge), (words.PRIORITIES, earshot.priority_mark)):
        drawn = [draw(key) for key in table]
        assert all(str(label) in html for (label, _), html in zip(table.values(), drawn, strict=True))
        assert len({shape for _, shape in table.values()}) == len(table)


@given(st.dictionaries(st.sampled_from(list(words.OWNERS)), lengths, max_size=7))
def test_the_ledgers_segments_fill_the_bar_without_gap_or_overlap(ledger: dict[str, timedelta]) -> None:
    found = earshot.segments(ledger)
    at = 0.0
    for segment in found:
        assert float(segment.x[:-1]) == pytest.approx(at, abs=0.01)
        at += float(segment.width[:-1])
    assert at == pytest.approx(100 if found else 0, abs=0.01)
    assert sum((segment.amount for segment in found), timedelta(0)) == sum(ledger.values(), timedelta(0))


def test_the_ledger_is_drawn_with_its_legend_and_without_a_style() -> None:
    template = Template("{% load earshot %}{% ledger_bar ledger 'In all 3 h' %}")
    ledger = {"agency_on": timedelta(hours=1), "client_on": timedelta(hours=2)}
    html = template.render(Context({"ledger": ledger}))
    assert 'class="own own--client_on" x="33.333%" y="0" width="66.667%"' in html
    assert "In all 3 h" in html
    assert "</svg>Client</li>" in html
    assert "style=" not in html


def test_an_icon_is_silent_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in earshot.icon("clock")
    assert 'role="img" aria-label="A &quot;clock&quot;"' in earshot.icon("clock", 'A "clock"')

"""The small shapes that every page shares: time left, badges, icons, the ledger bar.

A tag that depends on the time takes `now`; where a page has none, the clock is read here,
at the edge.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from agency.templatetags import words as say

register = template.Library()

WARN_BELOW = timedelta(minutes=30)


class ClockLike(Protocol):
    """What `clock_left` reads.

    `state` is met, running, paused or breached; `due_at` is None when the clock stands still.
    """

    state: str
    target: timedelta
    used: timedelta
    due_at: datetime | None


@dataclass(frozen=True)
class Segment:
    """One owner's share of the ledger; `x` and `width` are percentages as SVG reads them."""

    key: str
    label: str
    amount: timedelta
    x: str
    width: str


@register.filter
def duration(value: timedelta | None) -> str:
    """How long: "3 h 12 min". None is a dash."""
    return say.duration(value) if isinstance(value, timedelta) else "–"


@register.filter
def seconds(value: timedelta) -> int:
    """Whole seconds, at least 0, for `<progress>`."""
    return max(0, int(value.total_seconds()))


@register.filter
def state_label(state: str) -> str:
    """The word for a mention's state; an unknown one is shown as it is."""
    return str(say.STATES[state][0]) if state in say.STATES else state


@register.filter
def priority_label(priority: str) -> str:
    """The word for a priority; an unknown one is shown as it is."""
    return str(say.PRIORITIES[priority][0]) if priority in say.PRIORITIES else priority


@register.filter
def clock_label(kind: str) -> str:
    """The word for a clock's kind, which also says what is due: "Respond", "Client decides"."""
    return str(say.CLOCKS.get(kind, kind))


@register.filter
def platform_label(platform: str) -> str:
    """The name of a platform as people write it."""
    return str(say.PLATFORMS.get(platform, platform[:1].upper() + platform[1:]))


@register.filter
def quoted(text: str) -> str:
    """Somebody else's words in a mail: each line marked, so that none of them passes for one of ours."""
    return "\n".join(f"> {line}" for line in text.splitlines())


@register.filter
def initials(name: str | None) -> str:
    """One or two letters that stand for a person, of the first and last word. Nobody is "?"."""
    found = [word for word in re.split(r"[\s._@-]+", name or "") if word[:1].isalnum()]
    if not found:
        return "?"
    return (found[0][0] + (found[-1][0] if len(found) > 1 else "")).upper()


@register.filter
def highlight(text: str, terms: Iterable[str]) -> SafeString:
    """The text, escaped, with every matched term in a `<mark>`, whatever its case."""
    wanted = sorted({term for term in terms or () if term.strip()}, key=len, reverse=True)
    if not wanted:
        return format_html("{}", text)
    # The pattern captures, so every second piece is a match.
    pieces = re.split(f"({'|'.join(map(re.escape, wanted))})", text, flags=re.IGNORECASE)
    marked = (format_html("<mark>{}</mark>", p) if i % 2 else p for i, p in enumerate(pieces))
    return format_html_join("", "{}", ((piece,) for piece in marked))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A symbol of our sprite; hidden from screen readers unless it has a label."""
    href = f"{static('agency/icons.svg')}#{name}"
    if label:
        pattern = '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>'
        return format_html(pattern, label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.simple_tag
def state_badge(state: str) -> SafeString:
    """The badge of a state: shape, word and colour."""
    shape = say.STATES[state][1] if state in say.STATES else "state-new"
    pattern = '<span class="badge badge--{}">{}{}</span>'
    return format_html(pattern, state, icon(shape), state_label(state))


@register.simple_tag
def priority_mark(priority: str, *, words: bool = True) -> SafeString:
    """The mark of a priority. Without `words` the word is still its title and read out."""
    shape = say.PRIORITIES[priority][1] if priority in say.PRIORITIES else "priority-normal"
    label = priority_label(priority)
    pattern = '<span class="priority priority--{0}" title="{1}">{2}<span class="{3}">{1}</span></span>'
    return format_html(pattern, priority, label, icon(shape), "" if words else "sr-only")


@register.simple_tag
def avatar(name: str | None) -> SafeString:
    """A person's initials in a circle, with the name for the pointer and for screen readers."""
    pattern = (
        '<span class="avatar" title="{0}"><span aria-hidden="true">{1}</span>'
        '<span class="sr-only">{0}</span></span>'
    )
    return format_html(pattern, name or _("Nobody"), initials(name))


@register.simple_tag
def time_left(
    due: datetime | None,
    now: object = None,
    *,
    breached: bool = False,
    warn: timedelta = WARN_BELOW,
) -> SafeString:
    """The pill "32 min left" or "late by 1 h 5 min"; empty without a due time.

    earshot.js keeps it ticking, in the same words.
    """
    if not isinstance(due, datetime):
        return SafeString("")
    left = due - _at(now)
    late = left < timedelta(0)
    if late:
        text = _("late by {}").format(say.duration(left))
    else:
        text = _("{} left").format(say.duration(left)) if left else _("due now")
    kind = "late" if late or breached else "warn" if left <= warn else "calm"
    pattern = '<time datetime="{}" title="{}" data-due data-warn="{}">{}</time>'
    stamp = format_html(pattern, due.isoformat(), _full(due), seconds(warn), text)
    return _pill(kind, "late" if kind == "late" else "clock", stamp)


@register.simple_tag
def clock_left(clock: ClockLike, now: object = None) -> SafeString:
    """What an SLA clock says of itself: time left, paused with what is left, met in, late by."""
    rest = clock.target - clock.used
    if clock.state == "met":
        return _pill("met", "check", _("met in {}").format(say.duration(clock.used)))
    if clock.state == "paused":
        left = say.duration(max(timedelta(0), rest))
        return _pill("paused", "pause", _("paused, {} left").format(left))
    if clock.due_at is None:
        return _pill("late", "late", _("late by {}").format(say.duration(rest)))
    return time_left(clock.due_at, now, breached=clock.state == "breached")


@register.simple_tag
def ago(value: datetime | None, now: object = None) -> SafeString:
    """As "5 min ago" or "in 4 min", the largest unit only; a date beyond a week. None is never."""
    if not isinstance(value, datetime):
        return format_html("{}", _("never"))
    present = _at(now)
    past = present - value
    if abs(past) < timedelta(minutes=1):
        return _stamp(value, _("just now"))
    if abs(past) < timedelta(days=7):
        pattern = _("{} ago") if past > timedelta(0) else _("in {}")
        return _stamp(value, pattern.format(say.units(past)[0]))
    local = timezone.localtime(value)
    this_year = local.year == timezone.localtime(present).year
    return _stamp(value, date_format(local, "j M" if this_year else "j M Y"))


@register.simple_tag
def coming(value: datetime | None, now: object = None) -> SafeString:
    """When something comes next, as "in 4 min"; "in a moment" where that is near or past. None is a dash."""
    if not isinstance(value, datetime):
        return SafeString("–")
    near = value - _at(now) < timedelta(minutes=1)
    return _stamp(value, _("in a moment")) if near else ago(value, now)


@register.simple_tag
def moment(value: datetime | None, now: object = None, zone: str = "") -> SafeString:
    """A time as people in `zone` say it: "9:40" today, else "Tue 24 Nov, 9:40". None is a dash."""
    if not isinstance(value, datetime):
        return SafeString("–")
    there = ZoneInfo(zone) if zone else None
    local, today = timezone.localtime(value, there), timezone.localtime(_at(now), there)
    if local.date() == today.date():
        pattern = "G:i"
    else:
        pattern = "D j M, G:i" if local.year == today.year else "D j M Y, G:i"
    return _stamp(value, date_format(local, pattern), there)


@register.inclusion_tag("agency/_ledger.html")
def ledger_bar(ledger: Mapping[str, timedelta], sentence: str) -> dict[str, Any]:
    """The stacked bar of whose time it was, its legend, and the sentence that says the same."""
    return {"segments": segments(ledger), "sentence": sentence}


def segments(ledger: Mapping[str, timedelta]) -> list[Segment]:
    """The ledger's parts in the order of `words.OWNERS`; those of no length are left out."""
    total = sum(ledger.values(), timedelta(0))
    found: list[Segment] = []
    at = 0.0
    for key, label in say.OWNERS.items():
        amount = ledger.get(key, timedelta(0))
        if amount > timedelta(0):
            width = amount / total * 100
            found.append(Segment(key, str(label), amount, f"{at:.3f}%", f"{width:.3f}%"))
            at += width
    return found


def _at(now: object) -> datetime:
    return now if isinstance(now, datetime) else timezone.now()


def _full(value: datetime, zone: ZoneInfo | None = None) -> str:
    return date_format(timezone.localtime(value, zone), "D j M Y, H:i T")


def _stamp(value: datetime, text: str, zone: ZoneInfo | None = None) -> SafeString:
    pattern = '<time datetime="{}" title="{}">{}</time>'
    return format_html(pattern, value.isoformat(), _full(value, zone), text)


def _pill(kind: str, shape: str, body: str) -> SafeString:
    return format_html('<span class="pill pill--{}">{}{}</span>', kind, icon(shape), body)

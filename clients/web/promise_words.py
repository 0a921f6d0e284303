"""Promises as people read them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from agency.web.fields import write_duration
from clients.queries.policies import History, Line, terms_of
from clients.terms import PROMISED, Difference, Term, Terms, Within
from clients.words import ClockKind, HoursOf, Priority

COLUMNS = {
    ClockKind.CLAIM: "Claim within",
    ClockKind.RESPOND: "Respond within",
    ClockKind.DECIDE: "Client decides within",
    ClockKind.PUBLISH: "Publish within",
}
_VERBS = {
    ClockKind.CLAIM: "claim",
    ClockKind.RESPOND: "respond",
    ClockKind.DECIDE: "client decides",
    ClockKind.PUBLISH: "publish",
}

Names = Mapping[UUID, str]


HOURS = {
    HoursOf.CLIENT: "Client’s hours",
    HoursOf.AGENCY: "Agency’s hours",
    HoursOf.ALWAYS: "Around the clock",
}


def hours_words(within: Within, calendars: Names) -> str:
    """Where it runs: "Client’s hours"."""
    if within.hours == HoursOf.CALENDAR:
        found = calendars.get(within.calendar_id) if within.calendar_id else None
        return found or "A calendar that is gone"
    return HOURS[within.hours]


def table_of(terms: Terms, calendars: Names) -> list[dict[str, Any]]:
    """Rows of priorities, in them a cell for each kind of clock."""
    return [
        {
            "priority": priority.value,
            "cells": [
                {
                    "column": COLUMNS[kind],
                    "target": terms.rows[priority, kind].target,
                    "hours": hours_words(terms.rows[priority, kind].within, calendars),
                }
                for kind in PROMISED
            ],
        }
        for priority in Priority
    ]


def history_lines(history: History) -> list[dict[str, Any]]:
    """ "Version 3": when, by whom, and what it changed."""
    return [
        {
            "title": f"Version {line.policy.version}" if line.policy else "Back to the agency’s default",
            "at": line.at,
            "by": line.by,
            "changes": _changes(line, history.calendars),
        }
        for line in history.lines
    ]


def _changes(line: Line, calendars: Names) -> list[str]:
    if line.policy is None:
        return []
    if line.before is None:
        return ["The first promises."]
    told = [_changed(row, calendars) for row in line.rows]
    before, after = terms_of(line.before), terms_of(line.policy)
    if before.warn_at != after.warn_at:
        told.append(f"Warnings: {_percentages(before.warn_at)} → {_percentages(after.warn_at)}")
    if before.late_found_after != after.late_found_after:
        window = f"{write_duration(before.late_found_after)} → {write_duration(after.late_found_after)}"
        told.append(f"Found too late after: {window}")
    return told or ["Nothing: saved as it was."]


def _changed(row: Difference, calendars: Names) -> str:
    """ "Urgent, respond: 1 h → 30 min, now around the clock"."""
    parts = []
    if row.before.target != row.after.target:
        parts.append(f"{write_duration(row.before.target)} → {write_duration(row.after.target)}")
    if row.before.within != row.after.within:
        parts.append(f"now {_in(row.after, calendars)}")
    return f"{row.priority.label}, {_VERBS[row.kind]}: {', '.join(parts)}"


def _in(term: Term, calendars: Names) -> str:
    words = hours_words(term.within, calendars)
    if term.within.hours == HoursOf.CALENDAR:
        return f"in “{words}”"
    return (
        "around the clock"
        if term.within.hours == HoursOf.ALWAYS
        else f"in the {words[:1].lower()}{words[1:]}"
    )


def _percentages(warn_at: Iterable[int]) -> str:
    return ", ".join(f"{percent} %" for percent in warn_at) or "none"

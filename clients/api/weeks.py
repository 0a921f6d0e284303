"""A week of local times, as every body says it: calendars, layers of rotas, and members' hours."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from agency.api.serializers import Input, Text
from clients.opening import DAY_FIELDS, MOST_INTERVALS

Pairs = list[tuple[str, str]]
# For examples.
MORNING, AFTERNOON = {"opens": "09:00", "closes": "12:00"}, {"opens": "13:00", "closes": "17:00"}


class IntervalInput(Input):
    """Half-open, in local time. Midnight at the end of a day is 24:00; a close that is earlier than its opening is on the
    next day."""

    opens = Text(max_length=5)
    closes = Text(max_length=5)


class Intervals(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=IntervalInput(), max_length=MOST_INTERVALS, **kwargs)


class WeekInput(Input):
    """Times by the day on which they begin. Days left out have none."""

    monday = Intervals(required=False)
    tuesday = Intervals(required=False)
    wednesday = Intervals(required=False)
    thursday = Intervals(required=False)
    friday = Intervals(required=False)
    saturday = Intervals(required=False)
    sunday = Intervals(required=False)


class IntervalOutput(serializers.Serializer[Any]):
    opens = serializers.CharField()
    closes = serializers.CharField()


class WeekOutput(serializers.Serializer[Any]):
    """Times by the day on which they begin."""

    monday = IntervalOutput(many=True)
    tuesday = IntervalOutput(many=True)
    wednesday = IntervalOutput(many=True)
    thursday = IntervalOutput(many=True)
    friday = IntervalOutput(many=True)
    saturday = IntervalOutput(many=True)
    sunday = IntervalOutput(many=True)


def pairs(intervals: Sequence[Mapping[str, str]]) -> Pairs:
    """As the rules take them."""
    return [(interval["opens"], interval["closes"]) for interval in intervals]


def intervals(stored: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """As a body says them."""
    return [{"opens": opens, "closes": closes} for opens, closes in stored]


def asked_week(given: Mapping[str, Any]) -> dict[int, Pairs]:
    """A body's week as the rules take it: 0 is Monday, days without times are left out."""
    return {number: pairs(given[day]) for number, day in enumerate(DAY_FIELDS) if given.get(day)}


def shown_week(stored: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, list[dict[str, str]]]:
    """A week as it is kept, as WeekOutput describes it."""
    return {day: intervals(stored.get(str(number), ())) for number, day in enumerate(DAY_FIELDS)}

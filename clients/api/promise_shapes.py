"""What was promised, as bodies: what comes in, and what goes out."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from agency.api.schema import example
from agency.api.serializers import Id, Input, Named, Seconds, Whole
from clients.models import SlaPolicy
from clients.terms import LONGEST, PROMISED, WARN_AT, Key, Within
from clients.words import ClockKind, HoursOf, Priority

_TARGETS = {
    "urgent": {"claim": 900, "respond": 3600, "decide": 1800, "publish": 600},
    "high": {"claim": 1800, "respond": 14400, "decide": 3600, "publish": 900},
    "normal": {"claim": 7200, "respond": 28800, "decide": 14400, "publish": 1800},
    "low": {"claim": 28800, "respond": 86400, "decide": 86400, "publish": 3600},
}
_CLIENTS: dict[str, Any] = {"of": "client", "calendar": None}
_ALWAYS: dict[str, Any] = {"of": "always", "calendar": None}
_HOURS = {
    priority.value: {
        "claim": _CLIENTS,
        "respond": _ALWAYS if priority == Priority.URGENT else _CLIENTS,
        "decide": _CLIENTS,
        "publish": _ALWAYS,
    }
    for priority in Priority
}
_STAYS = "Left out: it stays as it is."


class Target(Whole):
    """Seconds, at most 90 days."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=int(LONGEST.total_seconds()), **kwargs)


class TargetsInput(Input):
    """Seconds by clock."""

    claim = Target()
    respond = Target()
    decide = Target()
    publish = Target(required=False, help_text=f"From approved to live. {_STAYS}")


class PrioritiesInput(Input):
    """Targets by priority."""

    urgent = TargetsInput()
    high = TargetsInput()
    normal = TargetsInput()
    low = TargetsInput()


class WithinInput(Input):
    """The hours that a promise runs in."""

    of = serializers.ChoiceField(HoursOf.choices)
    calendar = Id(required=False, allow_null=True, help_text="With `calendar`: which one.")


class WithinByClockInput(Input):
    """Hours by clock."""

    claim = WithinInput(required=False)
    respond = WithinInput(required=False)
    decide = WithinInput(required=False)
    publish = WithinInput(required=False)


class HoursInput(Input):
    """Hours by priority."""

    urgent = WithinByClockInput(required=False)
    high = WithinByClockInput(required=False)
    normal = WithinByClockInput(required=False)
    low = WithinByClockInput(required=False)


@example(
    {
        "targets": _TARGETS,
        "hours": {"urgent": {"respond": {"of": "always"}}},
        "warn_at": [50, 75, 90],
        "late_found_after": 86400,
    }
)
class SlaPolicyInput(Input):
    targets = PrioritiesInput()
    hours = HoursInput(required=False, help_text="What is left out stays as it is.")
    warn_at = serializers.ListField(
        child=Whole(min_value=1, max_value=99),
        default=list(WARN_AT),
        max_length=20,
        help_text="Rising percentages of a target.",
    )
    late_found_after = Target(
        required=False,
        help_text=f"A post older than this when it is found can't break the promise to respond. {_STAYS}",
    )


class TargetsOutput(serializers.Serializer[Any]):
    """Seconds by clock."""

    claim = Seconds()
    respond = Seconds()
    decide = Seconds()
    publish = Seconds()


class PrioritiesOutput(serializers.Serializer[Any]):
    """Targets by priority."""

    urgent = TargetsOutput()
    high = TargetsOutput()
    normal = TargetsOutput()
    low = TargetsOutput()


class WithinOutput(serializers.Serializer[Any]):
    """The hours that a promise runs in."""

    of = serializers.ChoiceField(HoursOf.choices)
    calendar = Named(allow_null=True, help_text="With `calendar`: which one.")


class WithinByClockOutput(serializers.Serializer[Any]):
    """Hours by clock."""

    claim = WithinOutput()
    respond = WithinOutput()
    decide = WithinOutput()
    publish = WithinOutput()


class HoursOutput(serializers.Serializer[Any]):
    """Hours by priority."""

    urgent = WithinByClockOutput()
    high = WithinByClockOutput()
    normal = WithinByClockOutput()
    low = WithinByClockOutput()


@example(
    {
        "client": None,
        "version": 1,
        "targets": _TARGETS,
        "hours": _HOURS,
        "warn_at": [50, 75, 90],
        "late_found_after": 86400,
        "effective_from": "2026-03-06T17:04:00Z",
        "created_by": "Ana",
        "current": True,
        "withdrawn_at": None,
        "withdrawn_by": "",
    }
)
class SlaPolicyOutput(serializers.Serializer[Any]):
    client = Named(allow_null=True, help_text="Whose policy it is; null: the agency's default.")
    version = serializers.IntegerField()
    targets = PrioritiesOutput()
    hours = HoursOutput()
    warn_at = serializers.ListField(child=serializers.IntegerField())
    late_found_after = Seconds()
    effective_from = serializers.DateTimeField()
    created_by = serializers.CharField()
    current = serializers.BooleanField()
    withdrawn_at = serializers.DateTimeField(
        allow_null=True, help_text="When the client went back to the agency's default, if it did then."
    )
    withdrawn_by = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: SlaPolicy) -> dict[str, Any]:
        targets: dict[str, dict[str, Any]] = {priority: {} for priority in Priority.values}
        hours: dict[str, dict[str, Any]] = {priority: {} for priority in Priority.values}
        for row in instance.targets.all():
            if row.kind in PROMISED:
                targets[row.priority][row.kind] = row.target
                hours[row.priority][row.kind] = {"of": row.hours, "calendar": row.calendar}
        about = {name: getattr(instance, name) for name in _PLAIN}
        return dict(super().to_representation({**about, "targets": targets, "hours": hours}))


_PLAIN = (
    *("client", "version", "warn_at", "late_found_after", "effective_from", "created_by", "current"),
    *("withdrawn_at", "withdrawn_by"),
)


def asked(given: dict[str, Any]) -> dict[str, Any]:
    """A body as `set_sla_policy` takes it."""
    window = given.get("late_found_after")
    return {
        "targets": {key: timedelta(seconds=seconds) for key, seconds in _cells(given["targets"])},
        "hours": {
            key: Within(HoursOf(within["of"]), within.get("calendar"))
            for key, within in _cells(given.get("hours", {}))
        },
        "warn_at": given["warn_at"],
        "late_found_after": timedelta(seconds=window) if window else None,
    }


def _cells(rows: dict[str, dict[str, Any]]) -> list[tuple[Key, Any]]:
    return [
        ((Priority(priority), ClockKind(kind)), value)
        for priority, row in rows.items()
        for kind, value in row.items()
    ]


def pointer(name: str) -> str:
    """`urgent_respond_hours` is `hours/urgent/respond` in a body."""
    priority, _, rest = name.partition("_")
    if priority not in Priority.values:
        return name
    where = "hours" if rest.endswith("_hours") else "targets"
    return f"{where}/{priority}/{rest.removesuffix('_hours')}"

"""What a change of what is promised would do, as an answer."""

from typing import Any

from rest_framework import serializers

from agency.api.schema import example
from clients.previewing import Effects
from clients.words import ClockKind, Priority


class EffectClientOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="client_id")
    name = serializers.CharField(source="client")


class EffectOutput(serializers.Serializer[Any]):
    """One clock that would be due sooner."""

    mention = serializers.UUIDField(source="mention_id")
    text = serializers.CharField(source="mention", help_text="How the post begins.")
    client = EffectClientOutput(source="*")
    kind = serializers.ChoiceField(ClockKind.choices)
    priority = serializers.ChoiceField(Priority.choices)
    was_due_at = serializers.DateTimeField(source="due_before", allow_null=True)
    due_at = serializers.DateTimeField(source="due_after", allow_null=True)
    inherited = serializers.BooleanField(
        help_text="The new target is used up already: a little grace is left."
    )


@example(
    {
        "clocks": 212,
        "changed": 180,
        "sooner": 150,
        "later": 18,
        "waiting": 12,
        "breached": 0,
        "inherited": 3,
        "saved": 0,
        "late": 2,
        "worst": [
            {
                "mention": "0195677c-0a54-7000-8d2f-0f3c9a6b1e55",
                "text": "Closed again at nine. Does anybody answer there?",
                "client": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08", "name": "Brightwater"},
                "kind": "respond",
                "priority": "urgent",
                "was_due_at": "2026-03-06T18:04:00Z",
                "due_at": "2026-03-06T17:34:00Z",
                "inherited": False,
            }
        ],
    }
)
class EffectsOutput(serializers.Serializer[Any]):
    clocks = serializers.IntegerField(help_text="Open clocks that the change may concern.")
    changed = serializers.IntegerField(help_text="Of them, those that would get another time.")
    sooner = serializers.IntegerField()
    later = serializers.IntegerField()
    waiting = serializers.IntegerField(
        help_text="Changed, but waiting for somebody else, so that they are due at no time yet."
    )
    breached = serializers.IntegerField(help_text="Late by the change itself: always 0, and counted.")
    inherited = serializers.IntegerField(
        help_text="The new target is used up already, so that a little grace is left."
    )
    saved = serializers.IntegerField(help_text="Had only such a grace left, and would have time again.")
    late = serializers.IntegerField(help_text="Late before, whatever changes: no change takes a breach back.")
    worst = EffectOutput(many=True, help_text="Those due sooner, what is due first before the rest.")


def shown(effects: Effects) -> dict[str, Any]:
    return dict(EffectsOutput(effects).data)

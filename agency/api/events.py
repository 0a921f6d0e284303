"""The feed of what happened."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.pagination import DEFAULT_LIMIT, MOST, paged
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Several
from agency.api.views import ApiView
from agency.queries.people import list_events
from agency.rights import Right


class EventFilters(Filters):
    after = serializers.UUIDField(required=False, help_text="The id of the last event that you have.")
    type = Several(
        child=serializers.RegexField(r"^[a-z_]+\.[a-z_]+$", max_length=60),
        required=False,
        help_text="Only these types.",
    )
    limit = serializers.IntegerField(
        required=False, default=DEFAULT_LIMIT, min_value=1, max_value=MOST, help_text="Rows a page."
    )


class SubjectOutput(serializers.Serializer[Any]):
    type = serializers.CharField(source="subject_type")
    id = serializers.UUIDField(source="subject_id")


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e05",
        "at": "2026-03-06T17:14:00Z",
        "type": "mention.claimed",
        "subject": {"type": "mention", "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06"},
        "data": {"from": "new", "to": "claimed", "version": 2},
    }
)
class EventOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    type = serializers.CharField()
    subject = SubjectOutput(source="*")
    data = serializers.DictField()  # type: ignore[assignment]


class EventViews(ApiView):
    rights = {"list": Right.READ}
    filters = {"list": EventFilters}

    @operation(
        "list_events",
        "What happened, oldest first",
        gives=EventOutput(many=True),
        description="Keep the id of the last event and send it as `after` to go on from there.",
    )
    def list(self, request: Request) -> Response:
        events, limit = list_events(by=self.actor).order_by("id"), self.asked["limit"]
        if "after" in self.asked:
            events = events.filter(id__gt=self.asked["after"])
        if self.asked.get("type"):
            events = events.filter(type__in=self.asked["type"])
        rows = list(events[: limit + 1])
        shown = serializers.ListSerializer(rows[:limit], child=EventOutput()).data
        following = str(rows[limit - 1].pk) if len(rows) > limit else None
        return paged(request, shown, following=following, name="after")

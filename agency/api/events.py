"""The feed of what happened."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from agency.api.pagination import DEFAULT_LIMIT, MOST, paged
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Moment, Several
from agency.api.views import ApiView
from agency.event_types import event_types
from agency.events_shown import COMMON_FIELDS, shown, shown_example
from agency.queries.feed import BIGGEST, Wanted, read_feed
from agency.rights import Right


def after_field(says: str) -> Any:
    return serializers.IntegerField(required=False, min_value=0, max_value=BIGGEST, help_text=says)


def type_name() -> Any:
    """Of an event, such as `mention.claimed`."""
    return serializers.RegexField(r"^[a-z_]+\.[a-z_]+$", max_length=60)


class EventFilters(Filters):
    after = after_field(
        "The number of the last event that you have; without it, from the first that is kept."
    )
    type = Several(
        child=type_name(),
        required=False,
        help_text="Only these types.",
    )
    client = serializers.UUIDField(required=False, help_text="Only what concerns this client.")
    subject = serializers.UUIDField(required=False, help_text="Only what is about this, such as a mention.")
    since = Moment(required=False, help_text="Only what happened at this time or later.")
    limit = serializers.IntegerField(
        required=False, default=DEFAULT_LIMIT, min_value=1, max_value=MOST, help_text="Rows a page."
    )


@extend_schema_field(
    {
        "type": "object",
        "description": "What every event tells, and beside it what its type does (`list_event_types`).",
        "properties": COMMON_FIELDS,
        "required": sorted(COMMON_FIELDS),
        "additionalProperties": {},
    }
)
class EventData(serializers.DictField):
    pass


@example(shown_example(event_types()["member.added"]))
class EventOutput(serializers.Serializer[Any]):
    type = serializers.CharField()
    timestamp = serializers.DateTimeField()
    data = EventData()  # type: ignore[assignment]


@example({"results": [shown_example(event_types()["member.added"])], "next": None, "last": 1042})
class EventsOutput(serializers.Serializer[Any]):
    results = EventOutput(many=True)
    next = serializers.URLField(
        allow_null=True, help_text="Where more may follow already; null: you have all that there is."
    )
    last = serializers.IntegerField(
        min_value=0, help_text="Send this as `after` next time, also where `results` is empty."
    )


@example(
    {
        "name": "member.added",
        "says": event_types()["member.added"].says,
        "example": shown_example(event_types()["member.added"]),
    }
)
class EventTypeOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    says = serializers.CharField(help_text="What has happened.")
    example = EventOutput()


class EventViews(ApiView):
    rights = {"feed": Right.READ}
    filters = {"feed": EventFilters}

    @operation(
        "list_events",
        "What happened, oldest first",
        gives=EventsOutput,
        also=(410,),
        description="The same events that webhooks bring. Keep `last` and send it as `after` to go on from there:"
        " numbers rise in the order in which things came to hold, so nothing is missed. A page may be empty and have a"
        " `next`, where filters leave much out. Events are deleted after some months (410, which says where to go on).",
    )
    def feed(self, request: Request) -> Response:
        asked = self.asked
        wanted = Wanted(
            types=asked.get("type") or (),
            client=asked.get("client"),
            subject=asked.get("subject"),
            since=asked.get("since"),
        )
        page = read_feed(after=asked.get("after"), wanted=wanted, limit=asked["limit"], by=self.actor)
        following = (
            replace_query_param(request.build_absolute_uri(), "after", page.last) if page.more else None
        )
        rows = [shown(event, number=number) for number, event in page.events]
        return Response({"results": rows, "next": following, "last": page.last})


class EventTypeViews(ApiView):
    rights = {"types": None}

    @operation(
        "list_event_types",
        "What can happen: all types of events",
        gives=EventTypeOutput(many=True),
        description="All on one page.",
    )
    def types(self, request: Request) -> Response:
        rows = [
            {"name": one.name, "says": one.says, "example": shown_example(one)}
            for one in event_types().values()
        ]
        return paged(request, rows, following=None)

"""What was sent to whom, with each attempt; and taking what a notice is about."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.acknowledgements import acknowledge
from agency.api.schema import example, operation
from agency.api.serializers import Id, Moment, OrNull, PageFilters, YesOrNo
from agency.api.views import ApiView
from agency.models import Channel, Notice, NoticeAttempt
from agency.queries.notices import NoticeFilters as Filters
from agency.queries.notices import get_notice, list_notices
from agency.rights import Right


class NoticeFilters(PageFilters):
    state = serializers.ChoiceField(
        Notice.State.choices, required=False, help_text="Only those in this state."
    )
    kind = serializers.RegexField(
        r"^[a-z_]+(\.[a-z_]+)?$",
        required=False,
        max_length=40,
        help_text="Such as `mention.urgent`, or `mention` for all that begin with it.",
    )
    subject = Id(
        required=False,
        help_text="What they are about, exactly. All about a mention and what hangs on it: its own list of notices.",
    )
    client = serializers.UUIDField(required=False, help_text="Only what concerns this client.")
    recipient = serializers.UUIDField(required=False, help_text="Only what tells this member or contact.")
    channel = serializers.UUIDField(required=False, help_text="Only what goes by this channel or room.")
    acknowledged = YesOrNo(
        required=False,
        help_text="Whether somebody has taken what they are about.",
    )
    since = Moment(required=False, help_text="Written from here on.")
    until = Moment(required=False, help_text="Written before this moment.")


class AttemptOutput(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(NoticeAttempt.Outcome.choices)
    status = serializers.IntegerField(allow_null=True, help_text="HTTP's or SMTP's.")
    error = serializers.CharField(allow_blank=True)


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e31",
        "kind": "mention.urgent",
        "subject": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06",
        "client": "0195677c-0a54-7000-8d2f-0f3c9a6b1e01",
        "via": "apprise",
        "channel": "My phone",
        "to": None,
        "to_name": "Ben",
        "urgent": True,
        "state": "sent",
        "error": None,
        "created_at": "2026-03-06T17:04:00Z",
        "not_before": None,
        "sent_at": "2026-03-06T17:04:02Z",
        "acknowledged_at": "2026-03-06T17:05:10Z",
        "acknowledged_by": "Ben",
        "attempts": [
            {
                "n": 1,
                "at": "2026-03-06T17:04:01Z",
                "finished_at": "2026-03-06T17:04:02Z",
                "outcome": "sent",
                "status": 200,
                "error": "",
            }
        ],
    }
)
class NoticeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    subject = serializers.UUIDField(source="subject_id", help_text="What it is about, such as a mention.")
    client = serializers.UUIDField(source="client_id", allow_null=True)
    via = serializers.ChoiceField(Channel.Kind.choices)
    channel = serializers.SerializerMethodField(help_text="Its name; null for mail without a channel.")
    to = OrNull(help_text="The mail address.")
    to_name = serializers.CharField(allow_blank=True)
    urgent = serializers.BooleanField()
    state = serializers.ChoiceField(Notice.State.choices)
    error = OrNull(help_text="Why it isn't sent, or not yet.")
    created_at = serializers.DateTimeField()
    not_before = serializers.DateTimeField(allow_null=True, help_text="It waits for its recipient's hours.")
    sent_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = OrNull()
    attempts = AttemptOutput(source="tries", many=True)

    @extend_schema_field({"type": ["string", "null"]})
    def get_channel(self, notice: Notice) -> str | None:
        return notice.channel.name if notice.channel else None


@example({"by": "Ben", "at": "2026-03-06T17:05:10Z", "by_this": True})
class TakenOutput(serializers.Serializer[Any]):
    by = serializers.CharField()
    at = serializers.DateTimeField()
    by_this = serializers.BooleanField(help_text="False: somebody had taken it before.")


class NoticeViews(ApiView):
    rights = {"list": Right.MANAGE, "acknowledge": Right.RESPOND}
    filters = {"list": NoticeFilters}

    @operation(
        "list_notices",
        "What was sent to whom, newest first, with each attempt",
        gives=NoticeOutput(many=True),
    )
    def list(self, request: Request) -> Response:
        rows = list_notices(by=self.actor, filters=self._filters())
        return self.page(rows, NoticeOutput, by="-created_at", kind="t")

    @operation(
        "acknowledge_notice",
        "Take what a notice is about",
        gives=TakenOutput,
        conflicts=True,
        description="As its link does. Whoever is first has it; all who were told of the same see that.",
    )
    def acknowledge(self, request: Request, notice_id: UUID) -> Response:
        notice = get_notice(notice_id, by=self.actor)
        return Response(TakenOutput(acknowledge(notice.pk, by=self.actor, now=clock.now())).data)

    def _filters(self) -> Filters:
        asked = self.asked
        return Filters(
            state=asked.get("state", ""),
            kind=asked.get("kind", ""),
            subjects=[asked["subject"]] if "subject" in asked else None,
            client_id=asked.get("client"),
            recipient_id=asked.get("recipient"),
            channel_id=asked.get("channel"),
            acknowledged=asked.get("acknowledged"),
            since=asked.get("since"),
            until=asked.get("until"),
        )

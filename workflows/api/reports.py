"""The report of one mention: what was done when, to the second, and who was told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Named, OrNull, Seconds
from agency.api.views import ApiView
from agency.models import Channel, Notice
from agency.rights import Right
from mentions.words import State
from workflows.api.outputs import LedgerOutput, ledger_shown
from workflows.queries.report import MILESTONES, Report, get_report


class MilestoneOutput(serializers.Serializer[Any]):
    """The first time that something happened."""

    what = serializers.ChoiceField(MILESTONES)
    at = serializers.DateTimeField()
    after = Seconds(help_text="Since the post was published; below zero where its clock is ahead of ours.")
    who = OrNull()


class ToldOutput(serializers.Serializer[Any]):
    """A notice about the mention, or about something of it."""

    kind = serializers.CharField()
    to_name = serializers.CharField(source="to")
    via = serializers.ChoiceField(Channel.Kind.choices)
    state = serializers.ChoiceField(Notice.State.choices)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = OrNull()


@example(
    {
        "mention": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06",
        "client": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08", "name": "Brightwater"},
        "state": "claimed",
        "at": "2026-03-06T17:14:00Z",
        "milestones": [
            {"what": "published", "at": "2026-03-06T16:44:00Z", "after": 0, "who": None},
            {"what": "found", "at": "2026-03-06T17:04:00Z", "after": 1200, "who": None},
            {"what": "claimed", "at": "2026-03-06T17:14:00Z", "after": 1800, "who": "Ben"},
        ],
        "notices": [
            {
                "kind": "ladder.urgent",
                "to_name": "Ben",
                "via": "apprise",
                "state": "sent",
                "created_at": "2026-03-06T17:04:00Z",
                "sent_at": "2026-03-06T17:04:02Z",
                "acknowledged_at": None,
                "acknowledged_by": None,
            }
        ],
        "ledger": {
            "sentence": "30 min: 20 min before we saw it, 10 min with us",
            "closed": False,
            "whole": 1800,
            "starts_at": "2026-03-06T16:44:00Z",
            "ends_at": "2026-03-06T17:14:00Z",
            "first_resolution": None,
            "total_resolution": None,
            "source_ahead": False,
            "totals": {
                "undetected": 1200,
                "agency_on": 600,
                "client_on": 0,
                "agency_off": 0,
                "client_off": 0,
                "platform": 0,
                "routed": 0,
            },
            "slices": [],
            "reopened": [],
        },
    }
)
class MentionReportOutput(serializers.Serializer[Any]):
    mention = serializers.UUIDField()
    client = Named()
    state = serializers.ChoiceField(State.choices)
    at = serializers.DateTimeField(help_text="When this was reported.")
    milestones = MilestoneOutput(many=True, help_text="As they followed one another.")
    notices = ToldOutput(many=True, help_text="Who was told, the oldest first.")
    ledger = LedgerOutput()


class ReportViews(ApiView):
    rights = {"retrieve": Right.READ}

    @operation(
        "get_mention_report",
        "What was done about a mention when, and who was told",
        gives=MentionReportOutput,
        description="The mention itself, with its clocks and history, is at its own address.",
    )
    def retrieve(self, request: Request, mention_id: UUID) -> Response:
        now = clock.now()
        report = get_report(mention_id, by=self.actor, now=now)
        return Response(_shown(report, now))


def _shown(report: Report, now: datetime) -> dict[str, Any]:
    mention = report.desk.mention
    since = mention.published_at
    milestones = [
        {"what": one.what, "at": one.at, "after": one.at - since, "who": one.who} for one in report.milestones
    ]
    return {
        "mention": mention.pk,
        "client": Named(mention.client).data,
        "state": mention.state,
        "at": now,
        "milestones": MilestoneOutput(milestones, many=True).data,
        "notices": ToldOutput(report.messages, many=True).data,
        "ledger": ledger_shown(report.desk.ledger),
    }

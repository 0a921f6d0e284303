"""Who was told of a mention, and taking it."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.pagination import paged
from agency.api.schema import example, operation
from agency.api.serializers import ChoiceOrNull, Named, OrNull
from agency.api.views import ApiView
from agency.rights import Right
from clients.ladder import Whom
from clients.words import ClockKind
from mentions.queries.mentions import get_mention
from workflows.actions.climbing import acknowledge_mention
from workflows.models import Escalation, EscalationLine
from workflows.queries.escalations import EscalationSeen, LineSeen, list_escalations

_WHOM = [(whom.value, whom.value) for whom in Whom]


class EscalationLineOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    what = serializers.ChoiceField(EscalationLine.What.choices)
    rung = serializers.IntegerField(help_text="Of a climb, from 1; 0 where it belongs to none.")
    whom = ChoiceOrNull(_WHOM, help_text="As whom somebody was told.")
    member = Named(allow_null=True)
    contact = Named(allow_null=True)
    not_before = serializers.DateTimeField(
        allow_null=True, help_text="When the notice goes out, where it waits for the recipient's hours."
    )
    note = serializers.CharField()


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e31",
        "clock": None,
        "step": None,
        "at": "2026-03-06T17:04:00Z",
        "state": "taken",
        "rung": 1,
        "next_at": None,
        "ended_at": "2026-03-06T17:06:30Z",
        "ended_by": "Ben",
        "ladder": {"whose": "usual", "version": None},
        "lines": [
            {
                "at": "2026-03-06T17:04:01Z",
                "what": "notify",
                "rung": 1,
                "whom": "on_call",
                "member": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e03", "name": "Ben"},
                "contact": None,
                "not_before": None,
                "note": "",
            }
        ],
    }
)
class EscalationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    clock = ChoiceOrNull(ClockKind.choices, help_text="Null: the mention was urgent.")
    step = OrNull(help_text="Such as warn_75 or breach.")
    at = serializers.DateTimeField()
    state = serializers.ChoiceField(Escalation.State.choices)
    rung = serializers.IntegerField(help_text="How many rungs were climbed.")
    next_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = OrNull()
    ladder = serializers.DictField(help_text="Whose it is (client, agency or usual), and its version.")
    lines = EscalationLineOutput(many=True)


def _line(line: LineSeen) -> dict[str, Any]:
    return {
        "at": line.at,
        "what": line.what,
        "rung": line.rung,
        "whom": line.whom,
        "member": {"id": line.member_id, "name": line.who} if line.member_id else None,
        "contact": {"id": line.contact_id, "name": line.who} if line.contact_id else None,
        "not_before": line.not_before,
        "note": line.note,
    }


def shown(one: EscalationSeen) -> dict[str, Any]:
    about = {
        "id": one.id,
        "clock": one.clock,
        "step": one.step,
        "at": one.at,
        "state": one.state,
        "rung": one.rung,
        "next_at": one.next_at,
        "ended_at": one.ended_at,
        "ended_by": one.ended_by,
        "ladder": {"whose": one.whose, "version": one.ladder_version},
        "lines": [_line(line) for line in one.lines],
    }
    return dict(EscalationOutput(about).data)


class EscalationViews(ApiView):
    rights = {"list": Right.READ, "acknowledge": Right.RESPOND}

    @operation(
        "list_escalations",
        "Who was told of a mention, and what came of it",
        gives=EscalationOutput(many=True),
        description="The oldest first, all on one page. Warnings and breaches of its clocks, and the climb of an urgent mention.",
    )
    def list(self, request: Request, mention_id: UUID) -> Response:
        mention = get_mention(mention_id, by=self.actor)
        rows = [shown(one) for one in list_escalations(mention, by=self.actor)]
        return paged(self.request, rows, following=None)

    @operation(
        "acknowledge_mention",
        "Say that you have an urgent mention",
        gives=EscalationOutput,
        conflicts=True,
        description="Nobody else is told. It isn't claimed by that.",
    )
    def acknowledge(self, request: Request, mention_id: UUID) -> Response:
        row = acknowledge_mention(mention_id, by=self.actor, now=clock.now())
        mention = get_mention(mention_id, by=self.actor)
        found = list_escalations(mention, by=self.actor)
        return Response(shown(next(one for one in found if one.id == row.pk)))

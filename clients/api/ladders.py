"""Ladders: what follows when a clock runs out, and who is told of something urgent."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.preconditions import must_match, tagged
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Named, Switch, Text, Whole
from agency.api.views import ApiView
from agency.rights import Right
from clients.actions.ladders import reset_ladder, set_ladder
from clients.ladder import CLOCKS, LONGEST_WAIT, MOST_AGAIN, PRIORITIES, Do, Plan, Whom, as_json, of_json
from clients.models import Client
from clients.queries.clients import get_client
from clients.queries.ladders import Held, gone_from, ladder_of
from clients.queries.rotas import people
from clients.words import ClockKind, Priority

_STEP = {
    "step": "warn_75",
    "do": "notify",
    "whom": "assignee",
    "member": None,
    "clocks": ["claim", "respond", "next_response"],
    "priorities": ["urgent", "high"],
}
_RUNGS = [
    {"whom": ["on_call", "assignee"], "wait": 600, "member": None},
    {"whom": ["managers"], "wait": 600, "member": None},
    {"whom": ["owners"], "wait": 900, "member": None},
]
MINUTE = 60
_DO = [(do.value, do.value) for do in Do]
_WHOM = [(whom.value, whom.value) for whom in Whom]


class LadderStepInput(Input):
    step = Text(max_length=10, help_text="`breach`, or `warn_75` where the promise warns at 75 %.")
    do = serializers.ChoiceField(_DO)
    whom = serializers.ChoiceField(
        _WHOM, required=False, allow_null=True, default=None, help_text="Null with `raise`."
    )
    member = Id(required=False, allow_null=True, default=None, help_text="With `whom` member.")
    clocks = serializers.MultipleChoiceField(
        choices=ClockKind.choices, default=lambda: set(CLOCKS), help_text="Absent: all."
    )
    priorities = serializers.MultipleChoiceField(
        choices=Priority.choices, default=lambda: set(PRIORITIES), help_text="Absent: all."
    )


class WholeMinutes(Whole):
    """Seconds, in whole minutes."""

    default_error_messages = {"minutes": "Whole minutes: a multiple of 60 seconds."}

    def to_internal_value(self, data: Any) -> int:
        seconds = super().to_internal_value(data)
        if seconds % MINUTE:
            self.fail("minutes")
        return seconds


class LadderRungInput(Input):
    whom = serializers.MultipleChoiceField(choices=_WHOM)
    wait = WholeMinutes(
        min_value=MINUTE,
        max_value=LONGEST_WAIT * MINUTE,
        help_text="Seconds for somebody to acknowledge it before the next rung, in whole minutes.",
    )
    member = Id(required=False, allow_null=True, default=None, help_text="With `member` in `whom`.")


@example({"steps": [_STEP], "rungs": _RUNGS, "again": 2, "tells_contacts": True})
class LadderInput(Input):
    steps = serializers.ListField(child=LadderStepInput(), max_length=60)
    rungs = serializers.ListField(child=LadderRungInput(), max_length=8)
    again = Whole(
        default=0, min_value=0, max_value=MOST_AGAIN, help_text="How often the last rung is climbed again."
    )
    tells_contacts = Switch(
        default=True, help_text="Whether the client's alert recipients are mailed of something urgent."
    )


class LadderStepOutput(serializers.Serializer[Any]):
    step = serializers.CharField()
    do = serializers.ChoiceField(_DO)
    whom = serializers.ChoiceField(_WHOM, allow_null=True)
    member = serializers.UUIDField(allow_null=True)
    clocks = serializers.ListField(child=serializers.ChoiceField(ClockKind.choices))
    priorities = serializers.ListField(child=serializers.ChoiceField(Priority.choices))


class LadderRungOutput(serializers.Serializer[Any]):
    whom = serializers.ListField(child=serializers.ChoiceField(_WHOM))
    wait = serializers.IntegerField(help_text="Seconds before the next rung.")
    member = serializers.UUIDField(allow_null=True)


@example(
    {
        "whose": "usual",
        "client": None,
        "version": None,
        "steps": [_STEP],
        "rungs": _RUNGS,
        "again": 0,
        "tells_contacts": True,
        "effective_from": None,
        "created_by": None,
        "gone": [],
    }
)
class LadderOutput(serializers.Serializer[Any]):
    whose = serializers.ChoiceField(
        [("client", "client"), ("agency", "agency"), ("usual", "usual")],
        help_text="usual: nobody set one.",
    )
    client = Named(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    steps = LadderStepOutput(many=True)
    rungs = LadderRungOutput(many=True)
    again = serializers.IntegerField()
    tells_contacts = serializers.BooleanField()
    effective_from = serializers.DateTimeField(allow_null=True)
    created_by = serializers.CharField(allow_null=True)
    gone = serializers.ListField(
        child=serializers.CharField(),
        help_text="Who is named in it and can't be told any more: the next rung is climbed at once.",
    )


def _shown(held: Held, client: Client | None) -> dict[str, Any]:
    row = held.row
    steps, rungs = as_json(held.plan)
    about = {
        "whose": held.whose,
        "client": row.client if row else None,
        "version": row.version if row else None,
        "steps": steps,
        "rungs": [{**rung, "wait": rung["wait"] * MINUTE} for rung in rungs],
        "again": held.plan.again,
        "tells_contacts": held.plan.tells_contacts,
        "effective_from": row.effective_from if row else None,
        "created_by": row.created_by if row else None,
        "gone": gone_from(held.plan, people(), client.pk if client else None),
    }
    return dict(LadderOutput(about).data)


def _asked(given: dict[str, Any]) -> Plan:
    """A checked body. What is chosen of a list comes back in our order."""
    steps = [
        {
            **step,
            "clocks": [kind for kind in CLOCKS if kind in step["clocks"]],
            "priorities": [priority for priority in PRIORITIES if priority in step["priorities"]],
        }
        for step in given["steps"]
    ]
    rungs = [
        {
            **rung,
            "whom": [whom.value for whom in Whom if whom.value in rung["whom"]],
            "wait": rung["wait"] // MINUTE,
        }
        for rung in given["rungs"]
    ]
    return of_json(steps, rungs, again=given["again"], tells_contacts=given["tells_contacts"])


class _Ladders(ApiView):
    """Of all clients, or of one."""

    rights = {"retrieve": Right.READ, "update": Right.MANAGE, "destroy": Right.MANAGE}

    def _client(self, client_id: UUID | None) -> Client | None:
        return get_client(client_id, by=self.actor) if client_id else None

    def _retrieve(self, client_id: UUID | None = None) -> Response:
        client = self._client(client_id)
        held = ladder_of(client, by=self.actor)
        own = held.row if held.row and held.row.client_id == client_id else None
        return tagged(_shown(held, client), own.version if own else 0)

    def _update(self, client_id: UUID | None = None) -> Response:
        seen, client = must_match(self.request), self._client(client_id)
        plan = _asked(self.body(LadderInput))
        set_ladder(client=client, plan=plan, seen=seen, by=self.actor, now=clock.now())
        return self._retrieve(client_id)

    def _destroy(self, client_id: UUID | None = None) -> Response:
        seen, client = must_match(self.request), self._client(client_id)
        reset_ladder(client=client, seen=seen, by=self.actor, now=clock.now())
        return Response(status=204)


class DefaultLadderViews(_Ladders):
    @operation(
        "get_default_ladder",
        "Who is told, for every client by default",
        gives=LadderOutput,
        tagged=True,
        description='Its ETag is `"0"` while nobody set one.',
    )
    def retrieve(self, request: Request) -> Response:
        return self._retrieve()

    @operation(
        "set_default_ladder",
        "Say who is told, for every client by default",
        takes=LadderInput,
        gives=LadderOutput,
        if_match="required",
        tagged=True,
        description="A new version. What is being climbed already goes on as it began.",
    )
    def update(self, request: Request) -> Response:
        return self._update()

    @operation(
        "reset_default_ladder",
        "Go back to the usual ladder",
        status=204,
        conflicts=True,
        if_match="required",
    )
    def destroy(self, request: Request) -> Response:
        return self._destroy()


class LadderViews(_Ladders):
    @operation(
        "get_ladder",
        "Who is told, for a client",
        gives=LadderOutput,
        tagged=True,
        description='Its own ladder, else the agency\'s, else the usual one: see `whose`. Its ETag is `"0"` while it has'
        " none of its own.",
    )
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        return self._retrieve(client_id)

    @operation(
        "set_ladder",
        "Say who is told, for a client",
        takes=LadderInput,
        gives=LadderOutput,
        if_match="required",
        tagged=True,
        description="A new version. What is being climbed already goes on as it began.",
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        return self._update(client_id)

    @operation(
        "reset_ladder", "Go back to the agency's ladder", status=204, conflicts=True, if_match="required"
    )
    def destroy(self, request: Request, client_id: UUID) -> Response:
        return self._destroy(client_id)

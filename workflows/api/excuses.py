"""Excuses for broken promises: one member asks, another decides."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Named, OrNull, PageFilters, Seconds, Text
from agency.api.views import ApiView
from agency.errors import Invalid, NotFound
from agency.rights import Right
from clients.words import ClockKind
from workflows.actions.excuses import LONGEST, ask_excuse, grant_excuse, refuse_excuse, withdraw_excuse
from workflows.models import Excuse
from workflows.queries.excuses import get_excuse, list_excuses


class ExcuseFilters(PageFilters):
    state = serializers.ChoiceField(
        Excuse.State.choices, required=False, help_text="Only those in this state."
    )
    client = serializers.UUIDField(required=False, help_text="Only of this client's mentions.")
    mention = serializers.UUIDField(required=False, help_text="Only of this mention.")


@example(
    {
        "clock": "0195677c-0a54-7000-8d2f-0f3c9a6b1e41",
        "reason": "outage",
        "text": "The platform let nobody in until noon.",
    }
)
class ExcuseInput(Input):
    clock = Id(help_text="Of a promise that is broken, as the mention names it.")
    reason = serializers.ChoiceField(Excuse.Reason.choices)
    text = Text(max_length=LONGEST, multiline=True, help_text="What happened.")


@example({"note": "Agreed: we saw the outage too."})
class GrantInput(Input):
    note = Text(required=False, default="", allow_blank=True, max_length=LONGEST, multiline=True)


@example({"note": "The outage ended an hour before it was due."})
class RefuseInput(Input):
    note = Text(max_length=LONGEST, multiline=True, help_text="Why not.")


class BrokenOutput(serializers.Serializer[Any]):
    """The promise that was broken, and stays so."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ClockKind.choices)
    instance = serializers.IntegerField()
    target = Seconds()
    breached_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True, help_text="When it was kept after all.")


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e42",
        "state": "asked",
        "reason": "outage",
        "text": "The platform let nobody in until noon.",
        "mention": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06",
        "client": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08", "name": "Brightwater"},
        "clock": {
            "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e41",
            "kind": "respond",
            "instance": 1,
            "target": 14400,
            "breached_at": "2026-03-06T21:04:00Z",
            "stopped_at": None,
        },
        "asked_by": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e03", "name": "Ben"},
        "asked_at": "2026-03-07T08:10:00Z",
        "decided_by": None,
        "decided_at": None,
        "note": None,
    }
)
class ExcuseOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(Excuse.State.choices)
    reason = serializers.ChoiceField(Excuse.Reason.choices)
    text = serializers.CharField()
    mention = serializers.UUIDField(source="clock.mention_id")
    client = Named(source="clock.mention.client")
    clock = BrokenOutput()
    asked_by = Named(source="asker")
    asked_at = serializers.DateTimeField()
    decided_by = Named(source="decider", allow_null=True, help_text="Who took it back, where that was done.")
    decided_at = serializers.DateTimeField(allow_null=True)
    note = OrNull()


class ExcuseViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.RESPOND,
        "retrieve": Right.READ,
        "grant": Right.MANAGE,
        "refuse": Right.MANAGE,
        "withdraw": Right.RESPOND,
    }
    filters = {"list": ExcuseFilters}

    @operation(
        "list_excuses",
        "Excuses for broken promises",
        gives=ExcuseOutput(many=True),
        description="The newest first.",
    )
    def list(self, request: Request) -> Response:
        excuses = list_excuses(
            by=self.actor,
            state=self.asked.get("state", ""),
            client_id=self.asked.get("client"),
            mention_id=self.asked.get("mention"),
        )
        return self.page(excuses, ExcuseOutput, by="-asked_at", kind="t")

    @operation("get_excuse", "An excuse", gives=ExcuseOutput)
    def retrieve(self, request: Request, excuse_id: UUID) -> Response:
        return self._answer(excuse_id)

    @operation(
        "ask_excuse",
        "Ask to excuse a broken promise",
        takes=ExcuseInput,
        gives=ExcuseOutput,
        status=201,
        conflicts=True,
        description="The breach stays a breach. Somebody else has to grant it; one excuse at a time.",
    )
    def create(self, request: Request) -> Response:
        body = self.body(ExcuseInput)
        try:
            excuse = ask_excuse(
                body["clock"], reason=body["reason"], text=body["text"], by=self.actor, now=clock.now()
            )
        except NotFound:
            raise Invalid.field("clock", "There is no promise with this id.") from None
        return self._answer(excuse.pk, status=201)

    @operation(
        "grant_excuse",
        "Excuse a broken promise",
        takes=GrantInput,
        gives=ExcuseOutput,
        conflicts=True,
        description="Not by who asked for it. A key counts as the member who made it.",
    )
    def grant(self, request: Request, excuse_id: UUID) -> Response:
        grant_excuse(excuse_id, **self.body(GrantInput), by=self.actor, now=clock.now())
        return self._answer(excuse_id)

    @operation(
        "refuse_excuse",
        "Let the breach stand",
        takes=RefuseInput,
        gives=ExcuseOutput,
        conflicts=True,
    )
    def refuse(self, request: Request, excuse_id: UUID) -> Response:
        refuse_excuse(excuse_id, **self.body(RefuseInput), by=self.actor, now=clock.now())
        return self._answer(excuse_id)

    @operation(
        "withdraw_excuse",
        "Take back an excuse that one asked for",
        gives=ExcuseOutput,
        conflicts=True,
    )
    def withdraw(self, request: Request, excuse_id: UUID) -> Response:
        withdraw_excuse(excuse_id, by=self.actor, now=clock.now())
        return self._answer(excuse_id)

    def _answer(self, excuse_id: UUID, status: int = 200) -> Response:
        return Response(ExcuseOutput(get_excuse(excuse_id, by=self.actor)).data, status=status)

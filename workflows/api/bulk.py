"""Several mentions in one call, with what became of each."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.problems import problem_of
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Text, Whole
from agency.api.views import ApiView
from agency.errors import DomainError
from agency.rights import Right
from mentions.models import Mention
from mentions.words import DismissReason
from workflows.actions.bulk import MOST, Outcome, one_by_one
from workflows.actions.moves import assign_mention, claim_mention, dismiss_mention

_ONE, _OTHER = "0195677c-0a54-7000-8d2f-0f3c9a6b1e06", "0195677c-0a54-7000-8d2f-0f3c9a6b1e07"
_MEMBER = "0195677c-0a54-7000-8d2f-0f3c9a6b1e03"
_TWO = [{"mention": _ONE, "version": 1}, {"mention": _OTHER, "version": 4}]
_HOW = (
    f"Up to {MOST} mentions. Each is done by itself, as the call for one does it: what can't be done to one leaves the others"
    " done. The answer is 200 with a result for each, in the order that you gave, with the problem that the single call"
    " would have answered with."
)


class OneInput(Input):
    """`version`: of the mention as you saw it."""

    mention = Id()
    version = Whole(min_value=1, max_value=2_147_483_647)


class OneForInput(OneInput):
    assignee = Id(required=False, help_text="Who takes this one, if another than the call's.")


class SeveralInput(Input):
    """Mentions, each once."""

    def validate_mentions(self, given: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        seen: set[UUID] = set()
        errors: list[dict[str, Any]] = []
        for one in given:
            twice = one["mention"] in seen
            errors.append({"mention": ["This mention is named twice."]} if twice else {})
            seen.add(one["mention"])
        if any(errors):
            raise serializers.ValidationError(errors)
        return given


def _several(child: type[OneInput]) -> Any:
    make: Any = child
    return make(many=True, min_length=1, max_length=MOST)


@example({"mentions": _TWO})
class BulkClaimInput(SeveralInput):
    mentions = _several(OneForInput)
    assignee = Id(required=False, help_text="The member who takes them; absent: you, or who made the key.")


@example({"mentions": _TWO, "assignee": _MEMBER})
class BulkAssignInput(SeveralInput):
    mentions = _several(OneForInput)
    assignee = Id(required=False, help_text="Whom they are handed to; absent: each names its own.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if "assignee" not in given:
            missing = [{} if "assignee" in one else {"assignee": [_NOBODY]} for one in given["mentions"]]
            if any(missing):
                raise serializers.ValidationError({"mentions": missing})
        return given


_NOBODY = "Say whom this one is handed to, or name somebody for all."


@example({"mentions": _TWO, "reason": "spam", "note": ""})
class BulkDismissInput(SeveralInput):
    mentions = _several(OneInput)
    reason = serializers.ChoiceField(DismissReason.choices)
    note = Text(required=False, default="", allow_blank=True, max_length=2000, multiline=True)


class ResultOutput(serializers.Serializer[Any]):
    """What became of one mention."""

    mention = serializers.UUIDField()
    ok = serializers.BooleanField()
    version = serializers.IntegerField(
        allow_null=True, help_text="What it is now; null where nothing was done."
    )
    problem = serializers.SerializerMethodField(
        help_text="Why nothing was done, as the call for one says it."
    )

    @extend_schema_field({"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]})
    def get_problem(self, result: Any) -> Any:
        return result["problem"]


@example(
    {
        "results": [
            {"mention": _ONE, "ok": True, "version": 2, "problem": None},
            {
                "mention": _OTHER,
                "ok": False,
                "version": None,
                "problem": {
                    "type": "urn:earshot:problem:mention_moved_on",
                    "title": "This mention has moved on",
                    "status": 409,
                    "detail": "Ben claimed it 4 s ago.",
                    "code": "mention_moved_on",
                    "request_id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e55",
                },
            },
        ]
    }
)
class ResultsOutput(serializers.Serializer[Any]):
    results = ResultOutput(many=True)


class BulkViews(ApiView):
    rights = {"claim": Right.RESPOND, "assign": Right.RESPOND, "dismiss": Right.RESPOND}

    @operation(
        "claim_mentions", "Claim new mentions", takes=BulkClaimInput, gives=ResultsOutput, description=_HOW
    )
    def claim(self, request: Request) -> Response:
        given, now = self.body(BulkClaimInput), clock.now()

        def do(mention_id: UUID, one: dict[str, Any]) -> Mention:
            assignee = one.get("assignee", given.get("assignee"))
            return claim_mention(
                mention_id, by=self.actor, seen=one["version"], now=now, assignee_id=assignee
            )

        return self._answer(given, do)

    @operation(
        "assign_mentions",
        "Hand claimed mentions to other members",
        takes=BulkAssignInput,
        gives=ResultsOutput,
        description=_HOW,
    )
    def assign(self, request: Request) -> Response:
        given, now = self.body(BulkAssignInput), clock.now()

        def do(mention_id: UUID, one: dict[str, Any]) -> Mention:
            member_id = one["assignee"] if "assignee" in one else given["assignee"]
            return assign_mention(
                mention_id, by=self.actor, seen=one["version"], now=now, member_id=member_id
            )

        return self._answer(given, do)

    @operation(
        "dismiss_mentions",
        "Close mentions without an answer",
        takes=BulkDismissInput,
        gives=ResultsOutput,
        description=_HOW,
    )
    def dismiss(self, request: Request) -> Response:
        given, now = self.body(BulkDismissInput), clock.now()
        why = {"reason": given["reason"], "note": given["note"]}

        def do(mention_id: UUID, one: dict[str, Any]) -> Mention:
            return dismiss_mention(mention_id, by=self.actor, seen=one["version"], now=now, **why)

        return self._answer(given, do)

    def _answer(self, given: dict[str, Any], do: Callable[[UUID, dict[str, Any]], Mention]) -> Response:
        asked = [(one["mention"], one) for one in given["mentions"]]
        return Response({"results": [self._result(outcome) for outcome in one_by_one(asked, do)]})

    def _result(self, outcome: Outcome) -> dict[str, Any]:
        error = outcome.error
        return {
            "mention": outcome.mention_id,
            "ok": error is None,
            "version": outcome.version,
            "problem": None if error is None else self._problem(error),
        }

    def _problem(self, error: DomainError) -> dict[str, Any]:
        return problem_of(error, self.request.META.get("HTTP_X_REQUEST_ID", ""))

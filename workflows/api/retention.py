"""How long a client's closed mentions are kept."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Input, Switch, Whole
from agency.api.views import ApiView
from agency.rights import Right
from clients.models import Client
from clients.queries.clients import get_client
from workflows.actions.retention import LEAST, MOST, change_retention, preview_retention


class RetentionFilters(Filters):
    keep_days = serializers.IntegerField(
        required=False, min_value=LEAST, max_value=MOST, help_text="What if it were so many days?"
    )


@example({"keep_days": 365, "confirm": True})
class RetentionInput(Input):
    keep_days = Whole(min_value=LEAST, max_value=MOST, allow_null=True, help_text="Null: for ever.")
    confirm = Switch(
        default=False, help_text="Needed where something would be deleted at once; ask with GET what."
    )


class DeletedNowOutput(serializers.Serializer[Any]):
    mentions = serializers.IntegerField()
    answered = serializers.IntegerField()
    dismissed = serializers.IntegerField()
    reply_versions = serializers.IntegerField()


@example(
    {
        "keep_days": None,
        "asked_days": 365,
        "would_delete": {"mentions": 214, "answered": 150, "dismissed": 64, "reply_versions": 181},
    }
)
class RetentionOutput(serializers.Serializer[Any]):
    keep_days = serializers.IntegerField(allow_null=True, help_text="In force; null: for ever.")
    asked_days = serializers.IntegerField(allow_null=True, help_text="What `would_delete` is about.")
    would_delete = DeletedNowOutput(help_text="What would be deleted at this moment.")


class RetentionViews(ApiView):
    rights = {"retrieve": Right.DATA, "update": Right.DATA}
    filters = {"retrieve": RetentionFilters}

    @operation(
        "get_retention",
        "How long a client's closed mentions are kept",
        gives=RetentionOutput,
        description="With `keep_days` it says what that many days would delete at once; nothing is changed.",
    )
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        return self._answer(client, self.asked.get("keep_days", client.keep_days))

    @operation(
        "set_retention",
        "Set how long a client's closed mentions are kept",
        takes=RetentionInput,
        gives=RetentionOutput,
        conflicts=True,
        description="Closed mentions that are older are deleted, daily and for good, with all that was done about them; "
        "counts stay. Open ones are never touched. Without `confirm` it refuses (409) where something would be deleted "
        "at once.",
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        body = self.body(RetentionInput)
        client = change_retention(
            get_client(client_id, by=self.actor),
            keep_days=body["keep_days"],
            confirmed=body["confirm"],
            by=self.actor,
            now=clock.now(),
        )
        return self._answer(client, client.keep_days)

    def _answer(self, client: Client, days: int | None) -> Response:
        found = preview_retention(client, keep_days=days, by=self.actor, now=clock.now())
        shown = {"keep_days": client.keep_days, "asked_days": days, "would_delete": found}
        return Response(RetentionOutput(shown).data)

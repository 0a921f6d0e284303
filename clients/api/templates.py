"""The playbook."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Named, PageFilters, Text
from agency.api.views import ApiView
from agency.rights import Right
from clients.actions.templates import add_template, archive_template, change_template
from clients.api.references import named_client
from clients.queries.clients import get_template, list_templates
from clients.words import ReplyKind


class TemplateFilters(PageFilters):
    client = serializers.UUIDField(required=False, help_text="Its own, and those for every client.")


@example({"text": "Hi {author}, thank you so much! It made our day at {client}. {me}"})
class TemplateChanges(Input):
    name = Text(max_length=120)
    kind = serializers.ChoiceField(ReplyKind.choices)
    text = Text(max_length=5000, multiline=True, help_text="With the slots {author}, {client} and {me}.")


@example(
    {
        "client": None,
        "name": "Thank you",
        "kind": "thank_you",
        "text": "Hi {author}, thank you so much! It made our day at {client}.",
    }
)
class TemplateInput(TemplateChanges):
    client = Id(required=False, allow_null=True, default=None, help_text="Null: for every client.")


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0a",
        "client": None,
        "name": "Thank you",
        "kind": "thank_you",
        "text": "Hi {author}, thank you so much! It made our day at {client}.",
        "created_at": "2026-03-06T17:04:00Z",
    }
)
class TemplateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = Named(allow_null=True)
    name = serializers.CharField()
    kind = serializers.ChoiceField(ReplyKind.choices)
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class TemplateViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.MANAGE,
        "retrieve": Right.READ,
        "partial_update": Right.MANAGE,
        "destroy": Right.MANAGE,
    }
    filters = {"list": TemplateFilters}

    @operation("list_templates", "Templates of the playbook, by name", gives=TemplateOutput(many=True))
    def list(self, request: Request) -> Response:
        templates = list_templates(by=self.actor, client_id=self.asked.get("client"))
        return self.page(templates, TemplateOutput, by="name", kind="s")

    @operation("add_template", "Add a template", takes=TemplateInput, gives=TemplateOutput, status=201)
    def create(self, request: Request) -> Response:
        given = self.body(TemplateInput)
        given["client"] = named_client(given["client"], by=self.actor) if given["client"] else None
        template = add_template(**given, by=self.actor, now=clock.now())
        return Response(TemplateOutput(template).data, status=201)

    @operation("get_template", "A template", gives=TemplateOutput)
    def retrieve(self, request: Request, template_id: UUID) -> Response:
        return Response(TemplateOutput(get_template(template_id, by=self.actor)).data)

    @operation("change_template", "Change a template", takes=TemplateChanges, gives=TemplateOutput)
    def partial_update(self, request: Request, template_id: UUID) -> Response:
        template = get_template(template_id, by=self.actor)
        template = change_template(
            template, changes=self.body(TemplateChanges), by=self.actor, now=clock.now()
        )
        return Response(TemplateOutput(template).data)

    @operation("archive_template", "Archive a template", status=204)
    def destroy(self, request: Request, template_id: UUID) -> Response:
        archive_template(get_template(template_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

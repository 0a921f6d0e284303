"""The reply as a thing of its own: read, and written by who saw its newest version."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actor import Actor
from agency.api.preconditions import Stale, must_match, tagged
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Text
from agency.api.views import ApiView
from agency.errors import Invalid, NotFound
from agency.rights import Right
from clients.models import Template
from clients.queries.clients import get_template
from clients.words import ReplyKind
from mentions.models import Mention
from mentions.queries.mentions import get_mention
from workflows.actions.responses import TextMovedOn, draft_reply, suggest
from workflows.api.outputs import ReplyOutput, response_shown
from workflows.queries.mention import edition_of, open_response
from workflows.words import LONGEST_REPLY


@example({"text": "We're sorry, Pauls. From tomorrow we open at eight.", "kind": "apology"})
class ReplyInput(Input):
    """Either a text or a template."""

    text = Text(required=False, max_length=LONGEST_REPLY, multiline=True)
    template = Id(required=False, help_text="Of the playbook, to be filled, instead of `text`.")
    kind = serializers.ChoiceField(
        ReplyKind.choices, required=False, help_text="Absent: the template's, or what it was."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("template" in attrs):
            raise serializers.ValidationError({"text": "Send either a text or a template."})
        return attrs


@example(
    {
        "version": 1,
        "reply": {
            "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e31",
            "kind": "apology",
            "created_at": "2026-03-06T17:10:00Z",
            "created_by": "Ben",
            "closed_at": None,
            "versions": [
                {
                    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e32",
                    "number": 1,
                    "text": "We're sorry, Pauls. From tomorrow we open at eight.",
                    "digest": "5d41402abc4b2a76b9719d911017c592ae1f0f5d2c6a4e1b0a9d8c7b6f5e4d3c",
                    "lane": "hand_made",
                    "author": "Ben",
                    "author_kind": "member",
                    "created_at": "2026-03-06T17:10:00Z",
                }
            ],
        },
    }
)
class ResponseOutput(serializers.Serializer[Any]):
    """The reply under way, else the last one."""

    version = serializers.IntegerField(help_text="As the ETag: the newest version, 0 while there is none.")
    reply = ReplyOutput(allow_null=True)


class ResponseViews(ApiView):
    """The reply as a thing of its own: read, and written by who saw its newest version."""

    rights = {"retrieve": Right.READ, "update": Right.RESPOND}

    @operation(
        "get_response",
        "The reply to a mention",
        gives=ResponseOutput,
        tagged=True,
        description="The one under way, else the last one. Its ETag is the number of its newest version; those of replies"
        " before the mention was reopened count too.",
    )
    def retrieve(self, request: Request, mention_id: UUID) -> Response:
        mention = get_mention(mention_id, by=self.actor)
        response, versions = open_response(mention)
        edition = edition_of(mention, response, versions)
        return tagged({"version": edition, "reply": response_shown(response, versions)}, edition)

    @operation(
        "write_response",
        "Write the next version of the reply",
        takes=ReplyInput,
        gives=ResponseOutput,
        if_match="required",
        tagged=True,
        conflicts=True,
        description='The mention is claimed. If-Match names the newest version that you saw, `"0"` where there was none.'
        " The same text again is the same version. Versions never change.",
    )
    def update(self, request: Request, mention_id: UUID) -> Response:
        saw = must_match(request)
        given = filled(self.body(ReplyInput), mention_id, self.actor)
        draft_reply(mention_id, **given, saw=saw, by=self.actor, now=clock.now())
        return self.retrieve(request, mention_id)

    def handle_exception(self, exc: Exception) -> Any:
        return super().handle_exception(Stale(exc) if isinstance(exc, TextMovedOn) else exc)


def template_for(template_id: UUID, mention: Mention, by: Actor) -> Template:
    """Raises: Invalid, unless it is for this mention's client."""
    try:
        template = get_template(template_id, by=by)
    except NotFound:
        raise Invalid.field("template", "There is no template with this id.") from None
    if template.client_id not in {None, mention.client_id}:
        raise Invalid.field("template", "This template is for another client.")
    return template


def filled(given: dict[str, Any], mention_id: UUID, by: Actor) -> dict[str, Any]:
    """What was sent, with the text of the template that it names."""
    if "template" not in given:
        return given
    mention = get_mention(mention_id, by=by)
    template = template_for(given["template"], mention, by)
    rest = {name: value for name, value in given.items() if name != "template"}
    return {"kind": template.kind, **rest, "text": suggest(mention, template, by=by)}

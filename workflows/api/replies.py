"""The reply to a mention: drafted, submitted, approved, on its way, attested."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.schema import example, operation
from agency.api.serializers import Filters, Id, Text, Whole
from agency.errors import Invalid, NotFound
from agency.rights import Right
from clients.models import Template
from clients.queries.clients import get_template
from clients.words import ReplyKind
from mentions.models import Mention
from mentions.queries.mentions import get_mention
from workflows.actions.publications import attest_reply, send_again
from workflows.actions.requests import (
    approve_without_client,
    recall_request,
    request_approval,
    revise_reply,
)
from workflows.actions.responses import draft_reply, suggest
from workflows.api.mentions import MentionOutput
from workflows.api.moves import OnMention, SeenInput
from workflows.words import LONGEST_REPLY


class SuggestFilters(Filters):
    template = serializers.UUIDField()


@example({"text": "Hi Pauls Zariņš, thank you so much! It made our day at Brightwater."})
class SuggestionOutput(serializers.Serializer[Any]):
    text = serializers.CharField()


@example({"version": 2, "text": "We're sorry, Pauls. From tomorrow we open at eight.", "kind": "apology"})
class DraftInput(SeenInput):
    text = Text(required=False, max_length=LONGEST_REPLY, multiline=True)
    template = Id(required=False, help_text="Of the playbook, to be filled, instead of `text`.")
    based_on = Whole(
        required=False,
        min_value=0,
        max_value=2_147_483_647,
        help_text="The number of the version that you began with, 0 for none. If there is a later one, the answer is 409.",
    )
    kind = serializers.ChoiceField(
        ReplyKind.choices, required=False, help_text="Absent: the template's, or what it was."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("template" in attrs):
            raise serializers.ValidationError({"text": "Send either a text or a template."})
        return attrs


@example({"version": 4, "url": "https://forum.example/posts/1#r1"})
class AttestInput(SeenInput):
    url = Text(max_length=2000, help_text="Where the reply is live.")


def _template(template_id: UUID, mention: Mention, view: OnMention) -> Template:
    """Raises: Invalid, unless it is for this mention's client."""
    try:
        template = get_template(template_id, by=view.actor)
    except NotFound:
        raise Invalid.field("template", "There is no template with this id.") from None
    if template.client_id not in {None, mention.client_id}:
        raise Invalid.field("template", "This template is for another client.")
    return template


class ReplyViews(OnMention):
    rights = {
        "suggest": Right.RESPOND,
        "draft": Right.RESPOND,
        "submit": Right.RESPOND,
        "clear": Right.RESPOND,
        "recall": Right.RESPOND,
        "revise": Right.RESPOND,
        "attest": Right.RESPOND,
        "send_again": Right.RESPOND,
    }
    filters = {"suggest": SuggestFilters}

    @operation(
        "suggest_reply",
        "A template filled for a mention",
        gives=SuggestionOutput,
        description="Nothing is written: send the text to `draft/` as it is, or changed.",
    )
    def suggest(self, request: Request, mention_id: UUID) -> Response:
        mention = get_mention(mention_id, by=self.actor)
        template = _template(self.asked["template"], mention, self)
        return Response({"text": suggest(mention, template, by=self.actor)})

    @operation(
        "draft_reply",
        "Write the next version of the reply",
        takes=DraftInput,
        gives=MentionOutput,
        conflicts=True,
        description="The same text again is the same version. Versions never change.",
    )
    def draft(self, request: Request, mention_id: UUID) -> Response:
        given = self.seen(DraftInput)
        if "template" in given:
            mention = get_mention(mention_id, by=self.actor)
            template = _template(given.pop("template"), mention, self)
            given["text"] = suggest(mention, template, by=self.actor)
            given.setdefault("kind", template.kind)
        draft_reply(mention_id, **given)
        return self.mention(mention_id)

    @operation(
        "submit_reply",
        "Ask the client to decide the reply",
        takes=SeenInput,
        gives=MentionOutput,
        conflicts=True,
        description="Its approvers are mailed a link. Where the approval policy asks nobody, clear it instead.",
    )
    def submit(self, request: Request, mention_id: UUID) -> Response:
        request_approval(mention_id, **self.seen(SeenInput))
        return self.mention(mention_id)

    @operation(
        "clear_reply",
        "Approve the reply where the approval policy asks nobody",
        takes=SeenInput,
        gives=MentionOutput,
        conflicts=True,
    )
    def clear(self, request: Request, mention_id: UUID) -> Response:
        approve_without_client(mention_id, **self.seen(SeenInput))
        return self.mention(mention_id)

    @operation(
        "recall_reply",
        "Take the request back from the client",
        takes=SeenInput,
        gives=MentionOutput,
        conflicts=True,
    )
    def recall(self, request: Request, mention_id: UUID) -> Response:
        recall_request(mention_id, **self.seen(SeenInput))
        return self.mention(mention_id)

    @operation(
        "revise_reply",
        "Take an approved reply back before it goes out",
        takes=SeenInput,
        gives=MentionOutput,
        conflicts=True,
    )
    def revise(self, request: Request, mention_id: UUID) -> Response:
        revise_reply(mention_id, **self.seen(SeenInput))
        return self.mention(mention_id)

    @operation(
        "attest_reply",
        "Say that the approved reply is live",
        takes=AttestInput,
        gives=MentionOutput,
        conflicts=True,
        description="For what a person posted by hand. It is kept in your name.",
    )
    def attest(self, request: Request, mention_id: UUID) -> Response:
        attest_reply(mention_id, **self.seen(AttestInput))
        return self.mention(mention_id)

    @operation(
        "send_reply_again",
        "Send a reply again that failed, or that nobody knows about",
        takes=SeenInput,
        gives=MentionOutput,
        conflicts=True,
        description="Look at the platform first: you say that it isn't there.",
    )
    def send_again(self, request: Request, mention_id: UUID) -> Response:
        send_again(mention_id, **self.seen(SeenInput))
        return self.mention(mention_id)

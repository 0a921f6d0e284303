"""The reply to a mention: drafted, submitted, approved, on its way, attested."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.preconditions import tagged
from agency.api.preferences import VARIES, minimal, wants_minimal
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Text, Whole
from agency.rights import Right
from mentions.queries.mentions import get_mention
from workflows.actions.publications import attest_reply, send_again
from workflows.actions.requests import (
    approve_without_client,
    recall_request,
    request_approval,
    revise_reply,
)
from workflows.actions.responses import draft_reply, suggest
from workflows.api.mentions import MentionOutput, shown
from workflows.api.moves import OnMention, SeenInput
from workflows.api.response import ReplyInput, filled, template_for
from workflows.queries.whole import get_whole


class SuggestFilters(Filters):
    template = serializers.UUIDField(help_text="Of the playbook.")


@example({"text": "Hi Pauls Zariņš, thank you so much! It made our day at Brightwater."})
class SuggestionOutput(serializers.Serializer[Any]):
    text = serializers.CharField()


@example({"version": 2, "text": "We're sorry, Pauls. From tomorrow we open at eight.", "kind": "apology"})
class DraftInput(ReplyInput, SeenInput):
    based_on = Whole(
        required=False,
        min_value=0,
        max_value=2_147_483_647,
        help_text="The number of the version that you began with, 0 for none. If there is a later one, the answer is 409.",
    )


@example({"version": 4, "url": "https://forum.example/posts/1#r1"})
class AttestInput(SeenInput):
    url = Text(max_length=2000, help_text="Where the reply is live.")


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

    def whole(self, mention_id: UUID, version: int) -> Response:
        """The mention with everything around it, where the reply, its approval and its publication are.

        Args:
            version: the one that it has now.
        """
        if wants_minimal(self.request):
            return minimal(version)
        whole = get_whole(mention_id, by=self.actor, now=clock.now())
        return tagged(shown(whole), whole.mention.version, headers=VARIES)

    @operation(
        "suggest_reply",
        "A template filled for a mention",
        gives=SuggestionOutput,
        description="Nothing is written: send the text to `draft/` as it is, or changed.",
    )
    def suggest(self, request: Request, mention_id: UUID) -> Response:
        mention = get_mention(mention_id, by=self.actor)
        template = template_for(self.asked["template"], mention, self.actor)
        return Response({"text": suggest(mention, template, by=self.actor)})

    @operation(
        "draft_reply",
        "Write the next version of the reply",
        takes=DraftInput,
        gives=MentionOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="The same text again is the same version. Versions never change.",
    )
    def draft(self, request: Request, mention_id: UUID) -> Response:
        given = filled(self.seen(DraftInput, mention_id), mention_id, self.actor)
        draft_reply(mention_id, **given)
        return self.whole(
            mention_id, given["seen"]
        )  # it was checked, and a draft is no new version of the mention

    @operation(
        "submit_reply",
        "Ask the client to decide the reply",
        takes=SeenInput,
        gives=MentionOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="Its approvers are mailed a link. Where the approval policy asks nobody, clear it instead.",
    )
    def submit(self, request: Request, mention_id: UUID) -> Response:
        done = request_approval(mention_id, **self.seen(SeenInput, mention_id))
        return self.whole(mention_id, done.mention.version)

    @operation(
        "clear_reply",
        "Approve the reply where the approval policy asks nobody",
        takes=SeenInput,
        gives=MentionOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
    )
    def clear(self, request: Request, mention_id: UUID) -> Response:
        done = approve_without_client(mention_id, **self.seen(SeenInput, mention_id))
        return self.whole(mention_id, done.version)

    @operation(
        "recall_reply",
        "Take the request back from the client",
        description="Their links show that there is nothing to decide any more, and the mention is claimed again.",
        takes=SeenInput,
        gives=MentionOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
    )
    def recall(self, request: Request, mention_id: UUID) -> Response:
        done = recall_request(mention_id, **self.seen(SeenInput, mention_id))
        return self.whole(mention_id, done.version)

    @operation(
        "revise_reply",
        "Take an approved reply back before it goes out",
        description="Not once it is being sent. The mention is claimed again, and the next version needs a new approval.",
        takes=SeenInput,
        gives=MentionOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
    )
    def revise(self, request: Request, mention_id: UUID) -> Response:
        done = revise_reply(mention_id, **self.seen(SeenInput, mention_id))
        return self.whole(mention_id, done.version)

    @operation(
        "attest_reply",
        "Say that the approved reply is live",
        takes=AttestInput,
        gives=MentionOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="For what a person posted by hand. It is kept in your name.",
    )
    def attest(self, request: Request, mention_id: UUID) -> Response:
        done = attest_reply(mention_id, **self.seen(AttestInput, mention_id))
        return self.whole(mention_id, done.version)

    @operation(
        "send_reply_again",
        "Send a reply again that failed, or that nobody knows about",
        takes=SeenInput,
        gives=MentionOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="Look at the platform first: you say that it isn't there.",
    )
    def send_again(self, request: Request, mention_id: UUID) -> Response:
        done = send_again(mention_id, **self.seen(SeenInput, mention_id))
        return self.whole(mention_id, done.mention.version)

"""Mentions: the list that people work from, and one with everything around it."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actor import Actor
from agency.api.pagination import paged
from agency.api.preconditions import tagged
from agency.api.schema import example, operation
from agency.api.serializers import ChoiceOrNull, Named, OrNull, all_shown_as, shown_as
from agency.api.sparse import asked_leaves, leaves, pruned, tree
from agency.api.views import ApiView
from agency.rights import Right
from clients.words import ClockKind, Priority
from mentions.api.posts import POST, PostOutput
from mentions.words import DismissReason, Sentiment, State, Turn
from workflows.api.mention_filters import MentionFilters, MentionQuery, OneMention, filters_of, order_of
from workflows.api.mention_rows import row_reader
from workflows.api.outputs import (
    ApprovalOutput,
    ClockOutput,
    HappeningOutput,
    LedgerOutput,
    MessageOutput,
    PublicationOutput,
    ReplyOutput,
    approval_shown,
    ledger_shown,
    response_shown,
)
from workflows.queries.inbox import EXCERPT, count_inbox, get_row, list_rows
from workflows.queries.possible import ACTIONS
from workflows.queries.whole import Whole, get_parts, get_whole

MOST_COUNTED = 1000


class FactsOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = Named()
    state = serializers.ChoiceField(State.choices)
    version = serializers.IntegerField(help_text="Send it with the next action: it is what you saw.")
    priority = serializers.ChoiceField(Priority.choices)
    matched = serializers.ListField(
        child=serializers.CharField(), help_text="What was listened for, as found."
    )
    assignee = Named(allow_null=True)
    published_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    late_found = serializers.BooleanField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="Of the clock that is due next.")
    due_kind = ChoiceOrNull(ClockKind.choices)
    breached = serializers.BooleanField()
    responded_at = serializers.DateTimeField(allow_null=True)
    answer_url = OrNull()
    external = serializers.BooleanField(help_text="The client answered it by itself, not through us.")
    dismiss_reason = ChoiceOrNull(DismissReason.choices)
    turn = serializers.ChoiceField(
        Turn.choices,
        allow_null=True,
        source="whose_turn",
        help_text="Whose time runs, as the ledger counts it; null while it is closed.",
    )
    sentiment = serializers.ChoiceField(
        Sentiment.choices, help_text="What a person said of it, else what the post sounds like."
    )
    sentiment_corrected = serializers.BooleanField(help_text="A person said it.")


_FACTS = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06",
    "client": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08", "name": "Brightwater"},
    "state": "new",
    "version": 1,
    "priority": "normal",
    "matched": ["Brightwater"],
    "assignee": None,
    "published_at": "2026-03-06T16:44:00Z",
    "recorded_at": "2026-03-06T17:04:00Z",
    "late_found": False,
    "due_at": "2026-03-06T19:04:00Z",
    "due_kind": "claim",
    "breached": False,
    "responded_at": None,
    "answer_url": None,
    "external": False,
    "dismiss_reason": None,
    "turn": "agency",
    "sentiment": "negative",
    "sentiment_corrected": False,
}


class ExcerptOutput(serializers.Serializer[Any]):
    """A post in a line."""

    id = serializers.UUIDField()
    platform = serializers.CharField()
    url = OrNull()
    title = serializers.CharField()
    excerpt = serializers.CharField(
        help_text=f"At most {EXCERPT} characters of its text, with `q` those around the first find."
    )
    author = serializers.CharField(help_text="The author's name; empty where unknown.")
    author_id = serializers.UUIDField(allow_null=True)
    language = OrNull(help_text="As BCP 47; null where neither its source nor its text tells.")


@example(
    {
        **_FACTS,
        "post": {
            "id": POST["id"],
            "platform": POST["platform"],
            "url": POST["url"],
            "title": POST["title"],
            "excerpt": POST["text"],
            "author": "Pauls Zariņš",
            "author_id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0e",
            "language": POST["language"],
        },
    }
)
class MentionRowOutput(FactsOutput):
    """A mention as lists show it. `GET /api/v1/mentions/{mention_id}/` shows everything around it."""

    post = ExcerptOutput()


@example(
    {
        **_FACTS,
        "post": POST,
        "clocks": [
            {
                "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e41",
                "kind": "claim",
                "instance": 1,
                "state": "running",
                "target": 7200,
                "used": 0,
                "due_at": "2026-03-06T19:04:00Z",
                "breached_at": None,
                "late_found": False,
                "started_at": "2026-03-06T17:04:00Z",
                "stopped_at": None,
                "hours": None,
                "calendar": None,
                "match": "agency:open",
                "warnings": [],
                "grace": 0,
                "inherited": False,
                "annulled": False,
                "excused": False,
            }
        ],
        "ledger": {
            "sentence": "20 min: 20 min before we saw it",
            "closed": False,
            "whole": 1200,
            "starts_at": "2026-03-06T16:44:00Z",
            "ends_at": "2026-03-06T17:04:00Z",
            "first_resolution": None,
            "total_resolution": None,
            "source_ahead": False,
            "totals": {
                "undetected": 1200,
                "agency_on": 0,
                "client_on": 0,
                "agency_off": 0,
                "client_off": 0,
                "platform": 0,
                "routed": 0,
            },
            "slices": [
                {
                    "owner": "undetected",
                    "starts_at": "2026-03-06T16:44:00Z",
                    "ends_at": "2026-03-06T17:04:00Z",
                    "seconds": 1200,
                }
            ],
            "reopened": [],
        },
        "response": None,
        "approval": None,
        "publication": None,
        "history": [{"at": "2026-03-06T17:04:00Z", "what": "recorded", "who": "", "note": ""}],
        "conversation": [],
        "actions": ["claim", "priority", "dismiss", "answered"],
    }
)
class MentionOutput(FactsOutput):
    post = PostOutput()
    clocks = ClockOutput(many=True)
    ledger = LedgerOutput()
    response = ReplyOutput(allow_null=True, help_text="The reply under way, else the last one.")
    approval = ApprovalOutput(allow_null=True)
    publication = PublicationOutput(allow_null=True)
    history = HappeningOutput(many=True, help_text="Oldest first.")
    conversation = MessageOutput(
        many=True, help_text="What joined it later, oldest first, at most a hundred."
    )
    actions = serializers.ListField(
        child=serializers.ChoiceField(ACTIONS), help_text="What you can do with it as it stands."
    )


_PARTS: Mapping[str, Callable[[Whole], Any]] = MappingProxyType(
    {
        "post": lambda whole: shown_as(PostOutput, whole.mention.post),
        "clocks": lambda whole: all_shown_as(ClockOutput, whole.clocks),
        "ledger": lambda whole: ledger_shown(whole.ledger),
        "response": lambda whole: response_shown(whole.response, whole.versions),
        "approval": lambda whole: approval_shown(whole.approval, whole.decisions),
        "publication": lambda whole: (
            shown_as(PublicationOutput, whole.publication) if whole.publication else None
        ),
        "history": lambda whole: all_shown_as(HappeningOutput, whole.history),
        "conversation": lambda whole: all_shown_as(MessageOutput, whole.conversation.lines),
        "actions": lambda whole: whole.actions,
    }
)


def shown(whole: Whole) -> dict[str, Any]:
    """A mention as MentionOutput describes it."""
    return {**shown_as(FactsOutput, whole.mention), **{name: read(whole) for name, read in _PARTS.items()}}


def shown_part(whole: Whole, leaves: Collection[str]) -> Any:
    """These fields of it; the others aren't read."""
    wanted = tree(leaves)
    parts = {name: _PARTS[name](whole) for name in wanted if name in _PARTS}
    facts = shown_as(FactsOutput, whole.mention) if wanted.keys() - parts.keys() else {}
    return pruned({**facts, **parts}, wanted)


_ROW = tuple(leaves(MentionRowOutput))
_WHOLE = tuple(leaves(MentionOutput))


def row_shown(mention_id: UUID, *, by: Actor) -> dict[str, Any]:
    """A mention as MentionRowOutput describes it. Raises: NotFound, Forbidden."""
    columns, read = row_reader(_ROW)
    row: dict[str, Any] = read(get_row(mention_id, by=by, columns=columns))
    return row


@example({"count": 1000, "more": True})
class CountOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text=f"At most {MOST_COUNTED:,}.")
    more = serializers.BooleanField(help_text="There are more than that.")


class MentionViews(ApiView):
    rights = {"list": Right.READ, "count": Right.READ, "retrieve": Right.READ}
    filters = {"list": MentionFilters, "count": MentionQuery, "retrieve": OneMention}

    @operation(
        "list_mentions",
        "Mentions",
        gives=MentionRowOutput(many=True),
        description="The open ones by urgency, unless you ask otherwise; lists with closed ones, and searches, are"
        " newest first. While you page, others work on: newest first none is shown twice, and none that still fits is"
        " missed; by urgency a mention whose deadline changes changes its place. A cursor is a place in its order: with"
        " other filters the list goes on from there, with another order it is refused. A mention can be searched about two"
        " seconds after it was recorded.",
    )
    def list(self, request: Request) -> Response:
        filters = filters_of(self.asked, by=self.actor)
        order = order_of(self.asked, filters)
        columns, read = row_reader(asked_leaves(self.asked.get("fields"), _ROW))
        page = list_rows(
            by=self.actor,
            filters=filters,
            cursor=self.asked.get("cursor"),
            limit=self.asked["limit"],
            order=order,
            columns=columns,
        )
        return paged(request, [read(row) for row in page.rows], following=page.next)

    @operation(
        "count_mentions",
        "How many mentions there are",
        gives=CountOutput,
        description=f"With the filters of the list, counted to {MOST_COUNTED:,}.",
    )
    def count(self, request: Request) -> Response:
        filters = filters_of(self.asked, by=self.actor)
        count = count_inbox(by=self.actor, filters=filters, most=MOST_COUNTED)
        return Response({"count": min(count, MOST_COUNTED), "more": count > MOST_COUNTED})

    @operation(
        "get_mention",
        "A mention with everything around it",
        gives=MentionOutput,
        tagged=True,
        description="Its post, clocks, ledger, reply, approval, publication and history; `actions` are what you may do"
        " with it as it stands.",
    )
    def retrieve(self, request: Request, mention_id: UUID) -> Response:
        asked = self.asked.get("fields")
        whole = (get_parts if asked else get_whole)(mention_id, by=self.actor, now=clock.now())
        about = shown_part(whole, asked_leaves(asked, _WHOLE)) if asked else shown(whole)
        return tagged(about, whole.mention.version)

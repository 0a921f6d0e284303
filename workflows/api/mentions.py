"""Mentions: the list that people work from, and one with everything around it."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.pagination import paged
from agency.api.schema import example, operation
from agency.api.serializers import ChoiceOrNull, Named, OrNull, PageFilters, Several, Text
from agency.api.views import ApiView
from agency.errors import Invalid
from agency.rights import Right
from clients.words import ClockKind, Priority
from mentions.api.posts import POST, PostOutput
from mentions.searching import LONGEST_QUERY, Search, read_search
from mentions.words import CLOSED, DismissReason, State
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
from workflows.queries.inbox import EXCERPT, Filters, list_inbox
from workflows.queries.possible import ACTIONS
from workflows.queries.whole import Whole, get_whole


@extend_schema_field(OpenApiTypes.STR)
class MemberOrMe(serializers.UUIDField):
    """A member's id, or `me`."""

    def to_internal_value(self, data: Any) -> Any:
        return "me" if data == "me" else super().to_internal_value(data)


class MentionFilters(PageFilters):
    q = Text(
        required=False,
        max_length=LONGEST_QUERY,
        help_text="Words of the post, its author, its site or what was listened for, whatever their case and accents. All"
        ' must be there; `"a phrase"`, `-without` and `OR` are understood, and the last word, or one that ends in `*`,'
        " may be the beginning of one. What was found comes newest first.",
    )
    client = serializers.UUIDField(required=False)
    state = Several(
        child=serializers.ChoiceField(State.choices),
        required=False,
        help_text="Absent: the open ones (all but responded and dismissed), or with `q` all.",
    )
    priority = serializers.ChoiceField(Priority.choices, required=False)
    assignee = MemberOrMe(required=False, help_text="A member's id, or `me`.")
    source = serializers.UUIDField(required=False)  # type: ignore[assignment]
    order = serializers.ChoiceField(
        ["urgency", "newest"],
        required=False,
        help_text="By the next deadline (what is asked when only open ones are), or by the time we saw it"
        " (always with `q`).",
    )


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
        },
    }
)
class MentionRowOutput(FactsOutput):
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
            "start": "2026-03-06T16:44:00Z",
            "end": "2026-03-06T17:04:00Z",
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
                    "start": "2026-03-06T16:44:00Z",
                    "end": "2026-03-06T17:04:00Z",
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


def shown(whole: Whole) -> dict[str, Any]:
    """A mention as MentionOutput describes it."""
    return {
        **FactsOutput(whole.mention).data,
        "post": PostOutput(whole.mention.post).data,
        "clocks": ClockOutput(whole.clocks, many=True).data,
        "ledger": ledger_shown(whole.ledger),
        "response": response_shown(whole.response, whole.versions),
        "approval": approval_shown(whole.approval, whole.decisions),
        "publication": PublicationOutput(whole.publication).data if whole.publication else None,
        "history": HappeningOutput(whole.history, many=True).data,
        "conversation": MessageOutput(whole.conversation.lines, many=True).data,
        "actions": whole.actions,
    }


_AS_IT_IS = (
    *("id", "state", "version", "priority", "matched", "published_at", "recorded_at", "late_found"),
    *("due_at", "breached", "responded_at", "external"),
)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the inbox as MentionRowOutput describes it; by hand, because lists are long and asked for often."""
    assignee = row["assignee_id"]
    return {
        **{name: row[name] for name in _AS_IT_IS},
        "client": {"id": row["client_id"], "name": row["client_name"]},
        "assignee": {"id": assignee, "name": row["assignee_name"]} if assignee else None,
        "due_kind": row["due_kind"] or None,
        "answer_url": row["answer_url"] or None,
        "dismiss_reason": row["dismiss_reason"] or None,
        "post": {
            "id": row["post_id"],
            "platform": row["platform"],
            "url": row["post_url"] or None,
            "title": row["title"],
            "excerpt": row["excerpt"],
            "author": row["author_name"],
        },
    }


class MentionViews(ApiView):
    rights = {"list": Right.READ, "retrieve": Right.READ}
    filters = {"list": MentionFilters}

    @operation(
        "list_mentions",
        "Mentions",
        gives=MentionRowOutput(many=True),
        description="The open ones by urgency, unless you ask otherwise; lists with closed ones, and searches, are"
        " newest first. A mention can be searched about two seconds after it was recorded.",
    )
    def list(self, request: Request) -> Response:
        search, states = self._search(), tuple(self.asked.get("state", ()))
        if self.asked.get("order") == "urgency":
            if search:
                raise Invalid.field("order", "What is searched comes newest first. Leave the order out.")
            if set(states) & set(CLOSED):
                raise Invalid.field("order", "Closed mentions have no urgency. Ask for the newest.")
        filters = Filters(
            client_id=self.asked.get("client"),
            states=states,
            priority=self.asked.get("priority", ""),
            assignee_id=self._assignee(),
            source_id=self.asked.get("source"),
            search=search,
        )
        page = list_inbox(
            by=self.actor,
            filters=filters,
            cursor=self.asked.get("cursor"),
            limit=self.asked["limit"],
            newest=self.asked.get("order") == "newest",
        )
        return paged(request, [_row(row) for row in page.rows], following=page.next)

    @operation("get_mention", "A mention with everything around it", gives=MentionOutput)
    def retrieve(self, request: Request, mention_id: UUID) -> Response:
        return Response(shown(get_whole(mention_id, by=self.actor, now=clock.now())))

    def _search(self) -> Search | None:
        typed = self.asked.get("q")
        if typed is None:
            return None
        search = read_search(typed)
        if search is None:
            raise Invalid.field("q", "There is no word in this to search for.")
        return search

    def _assignee(self) -> UUID | None:
        wanted = self.asked.get("assignee")
        if wanted == "me" and self.actor.member_id is None:
            raise Invalid.field("assignee", "This key belongs to no member, so there is no “me”.")
        return self.actor.member_id if wanted == "me" else wanted

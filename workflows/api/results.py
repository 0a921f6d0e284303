"""What was achieved for a client in a period: figures, promises kept, whose time it was, and the replies themselves."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.pagination import Keyset, paged
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Moment, OrNull, PageFilters, Seconds
from agency.api.views import ApiView
from agency.errors import Invalid
from agency.rights import Right
from clients.queries.clients import get_client
from clients.words import ClockKind
from mentions.api.posts import POST, PostOutput
from workflows.api.outputs import TotalsOutput
from workflows.queries.results import LEDGERS, Answer, Results, get_results, list_answers

USUAL, LONGEST = timedelta(days=30), timedelta(days=400)
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_PERIOD = "Of the last 30 days, unless you ask for a month or another period. A month is one of the client's, in its time zone."


class PeriodFilters(Filters):
    month = serializers.RegexField(
        rf"^{_MONTH.pattern}$", required=False, help_text="Such as 2026-03, instead of `since` and `until`."
    )
    since = Moment(required=False, help_text="From here on; 30 days before `until`, where it is left out.")
    until = Moment(required=False, help_text="Up to here, and not at this moment itself. Left out: now.")


class AnswerFilters(PeriodFilters, PageFilters):
    pass


class PromiseKeptOutput(serializers.Serializer[Any]):
    """How often one kind of promise was kept. What still runs counts for neither."""

    kind = serializers.ChoiceField(ClockKind.choices)
    kept = serializers.IntegerField()
    broken = serializers.IntegerField()
    excused = serializers.IntegerField(help_text="Of the broken ones.")
    percent = serializers.IntegerField(help_text="Kept; rounded down, so that 100 is all of them.")
    percent_excused = serializers.IntegerField(help_text="The same, with those excused counted as kept.")


@example(
    {
        "since": "2026-02-28T22:00:00Z",
        "until": "2026-03-31T21:00:00Z",
        "found": 214,
        "answered": 150,
        "open": 3,
        "dismissed": 61,
        "external": 4,
        "late": 2,
        "detection": 212,
        "median": 5130,
        "counted": 150,
        "whose": {
            "undetected": 212,
            "agency_on": 2400,
            "client_on": 1800,
            "agency_off": 0,
            "client_off": 0,
            "platform": 18,
            "routed": 0,
        },
        "promises": [
            {"kind": "claim", "kept": 208, "broken": 3, "excused": 1, "percent": 98, "percent_excused": 99}
        ],
    }
)
class ClientResultsOutput(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    found = serializers.IntegerField(help_text="Mentions that were found in the period, as they stand now.")
    answered = serializers.IntegerField()
    open = serializers.IntegerField()
    dismissed = serializers.IntegerField()
    external = serializers.IntegerField(help_text="Of those answered, what the client answered by itself.")
    late = serializers.IntegerField(
        help_text="Found too late to be answered in time; no promise breaks by it."
    )
    detection = Seconds(
        allow_null=True, help_text="The median from a post to our finding it; null: nothing was found."
    )
    median = Seconds(
        allow_null=True, help_text="The median from a post to its first answer; null: nothing was answered."
    )
    counted = serializers.IntegerField(
        help_text=f"How many answers `whose` is the average of: the newest, at most {LEDGERS}."
    )
    whose = TotalsOutput(help_text="Whose time it was, on average.")
    promises = PromiseKeptOutput(many=True)


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e43",
        "mention": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06",
        "post": POST,
        "text": "We're sorry, Pauls. From tomorrow we open at eight.",
        "url": "https://forum.example/posts/1#r1",
        "live_at": "2026-03-06T17:44:00Z",
        "approved_by": "Dora",
    }
)
class AnswerOutput(serializers.Serializer[Any]):
    """A reply that is public."""

    id = serializers.UUIDField()
    mention = serializers.UUIDField()
    post = PostOutput()
    text = serializers.CharField()
    url = OrNull()
    live_at = serializers.DateTimeField()
    approved_by = OrNull(help_text="Of the client's people; null where nobody was to be asked.")


class ResultViews(ApiView):
    rights = {"retrieve": Right.READ, "answers": Right.READ}
    filters = {"retrieve": PeriodFilters, "answers": AnswerFilters}
    pagination_class = Keyset

    @operation(
        "get_results", "What was achieved for a client", gives=ClientResultsOutput, description=_PERIOD
    )
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        now = clock.now()
        since, until = self._period(client_id, now)
        results = get_results(client_id, since=since, until=until, by=self.actor, now=now)
        return Response(_shown(results, since, until))

    @operation(
        "list_answers",
        "The replies that went public for a client, newest first",
        gives=AnswerOutput(many=True),
        description=_PERIOD,
    )
    def answers(self, request: Request, client_id: UUID) -> Response:
        since, until = self._period(client_id, clock.now())
        page = list_answers(
            client_id,
            since=since,
            until=until,
            cursor=self.asked.get("cursor"),
            limit=self.asked["limit"],
            by=self.actor,
        )
        return paged(request, [_answer(answer) for answer in page.rows], following=page.next)

    def _period(self, client_id: UUID, now: datetime) -> tuple[datetime, datetime]:
        client = get_client(client_id, by=self.actor)
        return period(self.asked, zone=client.time_zone, now=now)


def period(asked: Mapping[str, Any], *, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """[since, until) of what was asked.

    Raises:
        Invalid: a month beside a moment, the wrong way round, or too long.
    """
    if month := asked.get("month"):
        if "since" in asked or "until" in asked:
            raise Invalid.field("month", "Ask for a month, or for moments; not for both.")
        return _month(month, ZoneInfo(zone))
    until = asked.get("until", now)
    since = asked.get("since")
    if since is None:
        return until - USUAL, until
    if since >= until:
        raise Invalid.field("since", "The period ends before it begins.")
    if until - since > LONGEST:
        raise Invalid.field("since", f"Ask for at most {LONGEST.days} days at once.")
    return since, until


def _month(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    year, number = map(int, month.split("-"))
    first = datetime(year, number, 1, tzinfo=zone)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
    return first.astimezone(UTC), after.astimezone(UTC)


def _shown(results: Results, since: datetime, until: datetime) -> dict[str, Any]:
    plain = ("found", "answered", "open", "dismissed", "external", "late", "detection", "median", "counted")
    about = {
        "since": since,
        "until": until,
        **{name: getattr(results, name) for name in plain},
        "whose": {owner.value: length for owner, length in results.whose.items()},
        "promises": results.promises,
    }
    return dict(ClientResultsOutput(about).data)


def _answer(answer: Answer) -> dict[str, Any]:
    publication = answer.publication
    about = {
        "id": publication.pk,
        "mention": publication.mention_id,
        "post": publication.mention.post,
        "text": publication.version.text,
        "url": publication.url,
        "live_at": publication.live_at,
        "approved_by": answer.approved_by,
    }
    return dict(AnswerOutput(about).data)

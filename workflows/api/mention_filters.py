"""What a list of mentions can be asked for, and what is meant by it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agency import clock
from agency.actor import Actor
from agency.api.serializers import Filters as QueryParameters
from agency.api.serializers import Id, Moment, PageFilters, Several, Text, YesOrNo
from agency.api.sparse import Fields
from agency.errors import Invalid
from clients.words import Priority
from mentions.models import Source
from mentions.queries.wanted import Span, Wanted
from mentions.searching import LONGEST_QUERY, Search, read_search
from mentions.words import Sentiment, State, Turn
from workflows.queries.inbox import ORDERS, URGENCY, Filters, shows_closed

# More of one filter than anybody means; each is a parameter of the statement.
MOST = 100
_LANGUAGE = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$"


@extend_schema_field(OpenApiTypes.STR)
class MemberOrWord(Id):
    """A member's id, `me`, or `none`."""

    def to_internal_value(self, data: Any) -> Any:
        return data if data in {"me", "none"} else super().to_internal_value(data)


def _several(child: serializers.Field[Any, Any, Any, Any], help_text: str = "") -> Several:
    # An empty one is a mistake, such as a variable that nobody set, and must not show everything.
    return Several(child=child, required=False, allow_empty=False, max_length=MOST, help_text=help_text)


def _since(what: str) -> Moment:
    return Moment(required=False, help_text=f"{what} then or later.")


def _until(what: str) -> Moment:
    return Moment(required=False, help_text=f"{what} before then.")


class MentionQuery(QueryParameters):
    """All that narrows a list of mentions. A filter that takes several passes what fits any of them."""

    q = Text(
        required=False,
        max_length=LONGEST_QUERY,
        help_text="Words of the post, its author, its site or what was listened for, whatever their case and accents. All"
        ' must be there; `"a phrase"`, `-without` and `OR` are understood, and the last word, or one that ends in `*`,'
        " may be the beginning of one. What was found comes newest first.",
    )
    client = _several(Id(), "Whom they are about.")
    state = _several(
        serializers.ChoiceField(State.choices),
        "Absent: the open ones (all but responded and dismissed), or with `q` all.",
    )
    priority = _several(serializers.ChoiceField(Priority.choices), "How urgent they are.")
    assignee = _several(MemberOrWord(), "A member's id, `me`, or `none` for what nobody has.")
    turn = _several(
        serializers.ChoiceField(Turn.choices), "Whose time runs, as the ledger counts it: of open ones only."
    )
    overdue = YesOrNo(
        required=False,
        help_text="`true`: open ones whose next deadline has passed; `false`: all others. (`breached` says whether a"
        " promise was ever broken.)",
    )
    breached = YesOrNo(required=False, help_text="Whether a promise was broken, in time or not since.")
    late_found = YesOrNo(
        required=False, help_text="Whether the post was found too late to answer it in time."
    )
    source = _several(Id(), "Where the post was found.")  # type: ignore[assignment]
    author = _several(Id(), "Who posted.")
    platform = _several(serializers.ChoiceField(Source.Kind.choices), "Where it was posted.")
    language = _several(
        serializers.RegexField(_LANGUAGE, max_length=35),
        "By its first part: `pt` and `pt-BR` both find all Portuguese.",
    )
    sentiment = _several(serializers.ChoiceField(Sentiment.choices), "The mood that was read from the text.")
    published_since, published_until = _since("Posted"), _until("Posted")
    recorded_since, recorded_until = _since("Seen by us"), _until("Seen by us")
    responded_since, responded_until = _since("Answered"), _until("Answered")
    due_since, due_until = _since("Due next"), _until("Due next")


class MentionFilters(MentionQuery, PageFilters):
    order = serializers.ChoiceField(
        list(ORDERS),
        required=False,
        help_text="By the next deadline (what is usual when only open ones are asked), by the time we saw it (always"
        " with `q`), or by the time it was posted; the latter two newest first.",
    )
    fields = Fields()  # type: ignore[assignment]


class OneMention(QueryParameters):
    fields = Fields()  # type: ignore[assignment]


def filters_of(asked: Mapping[str, Any], *, by: Actor) -> Filters:
    """Raises: Invalid, by parameter."""
    overdue = asked.get("overdue")
    wanted = Wanted(
        clients=tuple(asked.get("client", ())),
        states=tuple(asked.get("state", ())),
        priorities=tuple(asked.get("priority", ())),
        assignees=tuple(_member(word, by) for word in asked.get("assignee", ())),
        turns=tuple(asked.get("turn", ())),
        sources=tuple(asked.get("source", ())),
        authors=tuple(asked.get("author", ())),
        platforms=tuple(asked.get("platform", ())),
        languages=tuple({tag.partition("-")[0].lower() for tag in asked.get("language", ())}),
        sentiments=tuple(asked.get("sentiment", ())),
        published=_span(asked, "published"),
        recorded=_span(asked, "recorded"),
        responded=_span(asked, "responded"),
        due=_span(asked, "due"),
        overdue=overdue,
        breached=asked.get("breached"),
        late_found=asked.get("late_found"),
        now=clock.now() if overdue is not None else None,
    )
    return Filters(wanted, _search(asked))


def order_of(asked: Mapping[str, Any], filters: Filters) -> str:
    """Raises: Invalid, where what is asked can't have that order."""
    order = str(asked.get("order", ""))
    if filters.search and order not in {"", "newest"}:
        raise Invalid.field("order", "What is searched comes newest first. Leave the order out.")
    if order == URGENCY and shows_closed(filters):
        raise Invalid.field("order", "Closed mentions have no urgency. Ask for the newest.")
    return order


def _member(word: UUID | str, by: Actor) -> UUID | None:
    if word == "none":
        return None
    if word != "me":
        return UUID(str(word))
    if by.member_id is None:
        raise Invalid.field("assignee", "This key belongs to no member, so there is no “me”.")
    return by.member_id


def _span(asked: Mapping[str, Any], name: str) -> Span:
    return Span(asked.get(f"{name}_since"), asked.get(f"{name}_until"))


def _search(asked: Mapping[str, Any]) -> Search | None:
    typed = asked.get("q")
    if typed is None:
        return None
    search = read_search(typed)
    if search is None:
        raise Invalid.field("q", "There is no word in this to search for.")
    return search

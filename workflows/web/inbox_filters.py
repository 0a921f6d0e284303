"""What the inbox is filtered by: a form in the address. Nonsense there filters nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms

from agency.actor import Actor
from agency.queries.people import list_members
from agency.web.fields import CleanText, PickRow, offer
from clients.queries.clients import list_clients
from clients.words import Priority
from mentions.queries.mentions import list_sources
from mentions.queries.wanted import Span, Wanted
from mentions.searching import LONGEST_QUERY, read_search
from mentions.words import OPEN, Sentiment, State, Turn
from workflows.queries.inbox import NEWEST, PUBLISHED, Filters

# What is searched is looked for in all states; this, in the address, asks for the open ones alone.
ALL_OPEN = "open"
NOBODY = "none"
OVERDUE, BROKEN = "overdue", "broken"
_POSTED = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
# The fields that stand under “More filters”.
MORE = ("turn", "deadline", "posted", "sentiment", "language", "source", "order")


class SearchText(CleanText):
    """What is typed to search; what is beyond the limit is left out."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value)[:LONGEST_QUERY]


def _choice(label: str, none: str, choices: Sequence[tuple[str, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", none), *choices])


class FilterForm(forms.Form):
    """What the list shows."""

    q = SearchText(
        max_length=LONGEST_QUERY,
        required=False,
        widget=forms.SearchInput(
            attrs={"placeholder": "Words, an author, a site", "autocomplete": "off", "enterkeyhint": "search"}
        ),
    )
    client = PickRow(label="Client", required=False)
    priority = _choice("Priority", "Any priority", Priority.choices)
    assignee = forms.ChoiceField(label="Assignee", required=False)
    turn = _choice("Whose turn", "Anybody's turn", Turn.choices)
    deadline = _choice("Deadline", "Any", [(OVERDUE, "Has passed"), (BROKEN, "A promise was broken")])
    posted = _choice(
        "Posted", "At any time", [("day", "In 24 hours"), ("week", "In 7 days"), ("month", "In 30 days")]
    )
    sentiment = _choice("Sentiment", "Any sentiment", Sentiment.choices)
    language = forms.RegexField(
        r"^[A-Za-z]{2,3}$",
        label="Language",
        required=False,
        widget=forms.TextInput(
            attrs={"placeholder": "Any, or such as en", "maxlength": 3, "autocomplete": "off", "size": 6}
        ),
    )
    source = PickRow(label="Source", required=False)
    order = _choice("Order", "As usual", [(NEWEST, "Found last first"), (PUBLISHED, "Posted last first")])
    state = forms.ChoiceField(
        required=False,
        choices=[("", ""), (ALL_OPEN, "Open"), *State.choices],
        widget=forms.HiddenInput,
    )

    def __init__(self, data: Any, *, by: Actor, now: datetime) -> None:
        super().__init__(data)
        self.now = now
        self.members = _members(by)
        offer(self, "client", _clients(by), none="All clients")
        offer(self, "source", _sources(by), none="All sources")
        people = [(str(pk), name) for pk, name in self.members]
        self.fields["assignee"].choices = [("", "Anyone"), *people, (NOBODY, "Nobody yet")]  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        self.is_valid()
        chosen: dict[str, Any] = self.cleaned_data
        search = read_search(self.typed)
        posted, deadline = chosen.get("posted") or "", chosen.get("deadline") or ""
        wanted = Wanted(
            clients=_one(chosen.get("client")),
            states=_states(chosen.get("state") or "", searching=search is not None),
            priorities=_one(chosen.get("priority")),
            assignees=_assignees(chosen.get("assignee") or ""),
            turns=_one(chosen.get("turn")),
            sources=_one(chosen.get("source")),
            languages=_one((chosen.get("language") or "").lower()),
            sentiments=_one(chosen.get("sentiment")),
            published=Span(since=self.now - _POSTED[posted]) if posted else Span(),
            overdue=True if deadline == OVERDUE else None,
            breached=True if deadline == BROKEN else None,
            now=self.now if deadline == OVERDUE else None,
        )
        return Filters(wanted, search)

    @property
    def typed(self) -> str:
        """What is searched, as it was typed."""
        self.is_valid()
        return str(self.cleaned_data.get("q") or "")

    @property
    def chosen_state(self) -> str:
        self.is_valid()
        return str(self.cleaned_data.get("state") or "")

    @property
    def chosen_order(self) -> str:
        """ "" where it is the usual one, as of what is searched."""
        self.is_valid()
        return "" if self.typed else str(self.cleaned_data.get("order") or "")

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in MORE]

    @property
    def more_chosen(self) -> int:
        """How many of them are chosen: they are then shown."""
        self.is_valid()
        return sum(bool(self.cleaned_data.get(name)) for name in MORE)


def _one(value: Any) -> tuple[Any, ...]:
    return (value,) if value else ()


def _assignees(chosen: str) -> tuple[UUID | None, ...]:
    if not chosen:
        return ()
    return (None,) if chosen == NOBODY else (UUID(chosen),)


def _states(chosen: str, *, searching: bool) -> tuple[str, ...]:
    if chosen == ALL_OPEN:
        return tuple(map(str, OPEN)) if searching else ()
    return (chosen,) if chosen else ()


def _clients(by: Actor) -> list[tuple[UUID, str]]:
    return list(list_clients(by=by).order_by("name", "id").values_list("pk", "name"))


def _sources(by: Actor) -> list[tuple[UUID, str]]:
    return list(list_sources(by=by).order_by("name", "id").values_list("pk", "name"))


def _members(by: Actor) -> list[tuple[UUID, str]]:
    members = [(member.pk, member.name) for member in list_members(by=by).order_by("user__name", "id")]
    return [
        (pk, "Me" if pk == by.member_id else name)
        for pk, name in sorted(members, key=lambda m: m[0] != by.member_id)
    ]

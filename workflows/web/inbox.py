"""The inbox: open work by urgency, or what is closed by age."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from agency.actor import Actor
from agency.queries.paging import Page
from agency.queries.people import list_members
from agency.rights import Right
from agency.web.fields import CleanText, PickRow, offer
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from clients.queries.clients import list_clients
from clients.words import Priority
from mentions.queries.mentions import count_by_state
from mentions.searching import LONGEST_QUERY, read_search
from mentions.words import CLOSED, OPEN, State
from workflows.queries.excuses import count_waiting
from workflows.queries.inbox import Filters, list_inbox
from workflows.queries.start import Start, how_far

ROWS = 50
# What is searched is looked for in all states; this, in the address, asks for the open ones alone.
ALL_OPEN = "open"


class SearchText(CleanText):
    """What is typed to search; what is beyond the limit is left out."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value)[:LONGEST_QUERY]


class FilterForm(forms.Form):
    """What the list shows. Nonsense in the address filters nothing."""

    q = SearchText(
        max_length=LONGEST_QUERY,
        required=False,
        widget=forms.SearchInput(
            attrs={"placeholder": "Words, an author, a site", "autocomplete": "off", "enterkeyhint": "search"}
        ),
    )
    client = PickRow(label="Client", required=False)
    priority = forms.ChoiceField(
        label="Priority", required=False, choices=[("", "Any priority"), *Priority.choices]
    )
    assignee = PickRow(label="Assignee", required=False)
    state = forms.ChoiceField(
        required=False,
        choices=[("", ""), (ALL_OPEN, "Open"), *State.choices],
        widget=forms.HiddenInput,
    )

    def __init__(self, data: Any, *, by: Actor) -> None:
        super().__init__(data)
        offer(self, "client", _clients(by), none="All clients")
        offer(self, "assignee", _members(by), none="Anyone")

    def filters(self) -> Filters:
        self.is_valid()
        chosen: dict[str, Any] = self.cleaned_data
        search = read_search(self.typed)
        return Filters(
            client_id=chosen.get("client"),
            states=_states(chosen.get("state") or "", searching=search is not None),
            priority=chosen.get("priority") or "",
            assignee_id=chosen.get("assignee"),
            search=search,
        )

    @property
    def typed(self) -> str:
        """What is searched, as it was typed."""
        self.is_valid()
        return str(self.cleaned_data.get("q") or "")

    @property
    def chosen_state(self) -> str:
        self.is_valid()
        return str(self.cleaned_data.get("state") or "")


def _states(chosen: str, *, searching: bool) -> tuple[str, ...]:
    if chosen == ALL_OPEN:
        return tuple(map(str, OPEN)) if searching else ()
    return (chosen,) if chosen else ()


def _clients(by: Actor) -> list[tuple[UUID, str]]:
    return list(list_clients(by=by).order_by("name", "id").values_list("pk", "name"))


def _members(by: Actor) -> list[tuple[UUID, str]]:
    members = [(member.pk, member.name) for member in list_members(by=by).order_by("user__name", "id")]
    return [
        (pk, "Me" if pk == by.member_id else name)
        for pk, name in sorted(members, key=lambda m: m[0] != by.member_id)
    ]


class Inbox(StaffPage):
    right = Right.READ
    nav = "inbox"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = FilterForm(request.GET, by=self.actor)
        filters = form.filters()
        wordless = bool(form.typed) and filters.search is None
        page: Page[dict[str, Any]] = Page([], None)
        if not wordless:
            page = list_inbox(by=self.actor, filters=filters, cursor=cursor_of(request), limit=ROWS)
        filtered = wordless or filters != Filters()
        part = bool(self.request.htmx) and not self.request.htmx.history_restore_request
        if not page.rows and not filtered and not part and self.actor.may(Right.MANAGE):
            start = how_far(by=self.actor)
            if not start.is_listening and not start.has_mentions:
                return self.page("agency/welcome.html", {"steps": _steps(start)})
        context = {
            "rows": [_row(row) for row in page.rows],
            "filters": form,
            "filtered": filtered,
            "wordless": wordless,
            "narrowed": replace(filters, search=None) != Filters(),
            "newest_first": bool(filters.search) or form.chosen_state in CLOSED,
            "counts": self._counts(filters),
            "excuses_waiting": 0 if part else count_waiting(by=self.actor),
            **pager(request, page),
        }
        template = "workflows/_inbox_rows.html" if part else "workflows/inbox.html"
        response = self.page(template, context)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _counts(self, filters: Filters) -> dict[str, int | None]:
        """State → how many are in it. Neither what is closed nor what was found is counted: that would cost more with
        every day."""
        if filters.search:
            return dict.fromkeys(State.values)
        counts = count_by_state(by=self.actor, client_id=filters.client_id)
        return {state.value: counts.get(state, 0) if state in OPEN else None for state in State}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    # A post's title stands above its text; on one line the two need a mark between them.
    excerpt = " · ".join((row["excerpt"] or row["title"]).split("\n\n", 1))
    marked = row.get("spellings", row["matched"])
    return {**row, "url": reverse("mention", args=[row["id"]]), "excerpt": excerpt, "marked": marked}


def _steps(start: Start) -> list[dict[str, Any]]:
    """The start guide; what is about a client waits until there is one."""
    pk = [start.client.pk] if start.client else None
    steps = [
        (
            "Add a client",
            "A brand that you look after.",
            reverse("client-add"),
            "Add a client",
            bool(start.client),
        ),
        (
            "Say what to listen for",
            "Its names, with the misspellings that people use.",
            reverse("client-listening", args=pk) if pk else "",
            "Enter the words",
            start.listens,
        ),
        (
            "Add a source",
            "A feed to read: news, a blog, a forum.",
            reverse("source-add"),
            "Add a source",
            start.has_source,
        ),
        (
            "Say who approves replies",
            "They get a link by mail, and need no account.",
            reverse("contact-add", args=pk) if pk else "",
            "Add a contact",
            start.has_approver,
        ),
        (
            "Invite your team",
            "Responders claim mentions and answer them.",
            reverse("team"),
            "Invite someone",
            start.has_team,
        ),
    ]
    first = next((title for title, _, url, _, done in steps if url and not done), "")
    return [
        {"title": title, "text": text, "url": url, "label": label, "done": done, "next": title == first}
        for title, text, url, label, done in steps
    ]

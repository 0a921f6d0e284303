"""The inbox: open work by urgency, or what is closed by age."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from agency.queries.paging import Page
from agency.rights import Right
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from mentions.queries.mentions import count_by_state
from mentions.words import CLOSED, OPEN, DismissReason, State
from workflows.queries.excuses import count_waiting
from workflows.queries.inbox import URGENCY, Filters, list_inbox, usual_order
from workflows.queries.start import Start, how_far
from workflows.web.inbox_filters import FilterForm

ROWS = 50


class Inbox(StaffPage):
    right = Right.READ
    nav = "inbox"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = FilterForm(request.GET, by=self.actor, now=self.now)
        filters = form.filters()
        wordless = bool(form.typed) and filters.search is None
        page: Page[dict[str, Any]] = Page([], None)
        if not wordless:
            page = list_inbox(
                by=self.actor,
                filters=filters,
                cursor=cursor_of(request),
                limit=ROWS,
                order=form.chosen_order,
            )
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
            "newest_first": (form.chosen_order or usual_order(filters)) != URGENCY,
            **self._bulk(form, page),
            "counts": self._counts(filters),
            "excuses_waiting": 0 if part else count_waiting(by=self.actor),
            **pager(request, page),
        }
        template = "workflows/_inbox_rows.html" if part else "workflows/inbox.html"
        response = self.page(template, context)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _bulk(self, form: FilterForm, page: Page[dict[str, Any]]) -> dict[str, Any]:
        """What can be done with several at once, for who works on mentions."""
        acts = self.actor.may(Right.RESPOND) and any(row["state"] not in CLOSED for row in page.rows)
        return {
            "picks": acts,
            "members": form.members if acts else [],
            "reasons": DismissReason.choices if acts else [],
            "here": self.request.GET.urlencode(),
        }

    def _counts(self, filters: Filters) -> dict[str, int | None]:
        """State → how many are in it. Neither what is closed nor what was found is counted: that would cost more with
        every day."""
        if filters.search:
            return dict.fromkeys(State.values)
        counts = count_by_state(by=self.actor, client_id=next(iter(filters.wanted.clients), None))
        return {state.value: counts.get(state, 0) if state in OPEN else None for state in State}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    # A post's title stands above its text; on one line the two need a mark between them.
    excerpt = " · ".join((row["excerpt"] or row["title"]).split("\n\n", 1))
    marked = row.get("spellings", row["matched"])
    is_open = row["state"] not in CLOSED
    return {
        **row,
        "url": reverse("mention", args=[row["id"]]),
        "excerpt": excerpt,
        "marked": marked,
        "is_open": is_open,
    }


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

"""An author: everything that is known of one public account."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import F
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.models import Erasure
from agency.queries.paging import keyset
from agency.rights import Right
from agency.text import safe_link
from agency.web.form_pages import ConfirmPage
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from mentions.models import Author
from mentions.queries.authors import Known, get_author, mentions_of_author, what_is_known
from workflows.actions.erasures import request_erasure
from workflows.web.data import ErasureForm

ROWS = 20
_COLUMNS = {
    "client_name": F("client__name"),
    "title": F("post__title"),
    "excerpt": Substr("post__text", 1, 300),
}


class AuthorPage(StaffPage):
    right = Right.READ
    nav = "inbox"

    def get(self, request: HttpRequest, author_id: UUID) -> HttpResponse:
        known = what_is_known(author_id, by=self.actor)
        rows = mentions_of_author(known.author, by=self.actor).values(
            "id", "state", "published_at", **_COLUMNS
        )
        page = keyset(rows, by="-published_at", kind="t", cursor=cursor_of(request), limit=ROWS)
        may = self.actor.may(Right.DATA)
        context = {
            **_shown(known),
            "mentions": [
                {**row, "url": reverse("mention", args=[row["id"]]), "text": row["excerpt"] or row["title"]}
                for row in page.rows
            ],
            "export_url": reverse("author-export", args=[author_id]) if may else "",
            "erase_url": reverse("author-erase", args=[author_id]) if may else "",
            **pager(request, page),
        }
        return self.page("workflows/author.html", context)


def _shown(known: Known) -> dict[str, Any]:
    return {
        "author": known.author,
        "account_url": safe_link(known.author.url) or "",
        "last_posted_at": known.last_posted_at,
        "clients": [
            {
                "name": client.client_name,
                "url": reverse("client-detail", args=[client.client_id]),
                "mentions": client.mentions,
                "answered": client.answered,
            }
            for client in known.clients
        ],
    }


class EraseAuthor(ConfirmPage):
    right = Right.DATA
    nav = "inbox"
    form_class = ErasureForm
    title = "Erase an author"
    submit_label = "Erase the author"
    author: Author

    def load(self, **kwargs: Any) -> None:
        self.author = get_author(kwargs["author_id"], by=self.actor)
        known = what_is_known(self.author.pk, by=self.actor)
        one = known.mentions == 1
        many = "1 mention with all work on it" if one else f"{known.mentions} mentions with all work on them"
        self.sentence = (
            f"Everything about {self.author} goes, for good: the account, all its posts, and {many}, "
            f"{'even if it is open' if one else 'open ones too'}. Exports that were made before are deleted too, because they may hold some of it."
        )
        self.consequence = (
            "This can't be undone. Counts stay, and that somebody was erased: when and by whom. What the account posts from "
            "now on is passed over; you can let it be heard again later, without knowing who it is."
        )

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = ErasureForm(data, initial={"reason": Erasure.Reason.ASKED})
        form.ask_for(str(self.author))
        return form

    def cancel_url(self) -> str:
        return reverse("author", args=[self.author.pk])

    def save(self, data: dict[str, Any]) -> str:
        request_erasure(
            kind=Erasure.Kind.AUTHOR, about_id=self.author.pk, **data, by=self.actor, now=self.now
        )
        # Without the name: what is said here is kept in the session until it is read.
        self.said = "The author is being erased. This page says when it is done."
        return reverse("data")

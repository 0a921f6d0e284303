"""What is listened for, for one client: one word or phrase a line."""

from typing import Any

from django import forms

from agency.text import clean
from clients.models import Query
from clients.queries.clients import current_query
from clients.web.clients import OfClient
from mentions.actions.listening import set_query
from mentions.matching import LONGEST_TERM, MOST_TERMS


class Lines(forms.CharField):
    """One entry a line, as a list; empty lines are nothing. What a good entry is, the action says."""

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows, "autocapitalize": "off", "spellcheck": "false"})
        super().__init__(widget=widget, strip=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = clean(str(super().clean(value) or ""), multiline=True)
        return [line for line in (line.strip() for line in text.split("\n")) if line]


class ListeningForm(forms.Form):
    any_terms = Lines(
        rows=8,
        label="Listen for any of these",
        help_text="One word or phrase a line, with the misspellings that people use. Small and "
        "capital letters are the same; whole words are found, so “acme” doesn't find “acmeology”.",
        error_messages={"required": "Enter at least one word or phrase to listen for."},
    )
    none_terms = Lines(
        rows=4,
        required=False,
        label="But not if one of these is there too",
        help_text=f"One a line. A term has at most {LONGEST_TERM} characters, and there are at most {MOST_TERMS}.",
    )
    urgent_terms = Lines(
        rows=4,
        required=False,
        label="Urgent if one of these is there too",
        help_text="Such as “recall”, “allergic” or “lawyer”. A mention with one of these is urgent from the moment it is "
        "found, at any hour: its times are short, and whoever is on call is told.",
    )


class Listening(OfClient):
    form_class = ListeningForm
    query: Query | None = None

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.query = current_query(self.client.pk)
        self.title = f"What we listen for: {self.client.name}"
        self.intro = (
            "Posts that hold one of these words become mentions, from the next reading of the sources on."
        )

    def initial(self) -> dict[str, Any]:
        query = self.query
        return {name: getattr(query, name) for name in ListeningForm.base_fields} if query else {}

    def save(self, data: dict[str, Any]) -> str:
        set_query(client=self.client, **data, by=self.actor, now=self.now)
        self.said = f"Listening for {self.client.name}."
        return self.cancel_url()

"""Sources: the list, a source's health, and what can be done with it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.queries.paging import keyset
from agency.rights import Right
from agency.text import safe_link
from agency.web.fields import CleanText, DurationText, Pick, PickRow, SecretText, offer, write_duration
from agency.web.form_pages import ConfirmPage, FormPage
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from clients.queries.clients import get_client, list_clients
from mentions.actions.sources import (
    add_source,
    change_source,
    delete_source,
    pause_source,
    read_now,
    resume_source,
)
from mentions.models import Source, SourceRead
from mentions.platforms.registry import get_platform
from mentions.queries.figures import Found, found_by_source, last_reads
from mentions.queries.mentions import get_source, list_sources

ROWS = 60
EVERY = timedelta(minutes=15)
_HEALTH = {"good": "ok", "new": "never"}
_OUTCOMES = {"read": "Read", "unchanged": "Nothing new", "failed": "Failed"}


def source_line(source: Source, found: Found | None = None) -> dict[str, Any]:
    """A source as lists show it."""
    return {
        "url": reverse("source-detail", args=[source.pk]),
        "name": source.name,
        "platform": source.kind,
        "client_name": source.client.name if source.client else "",
        "health": _HEALTH.get(source.health, source.health),
        "sentence": source.error,
        "last_read_at": source.last_read_at,
        "next_read_at": source.next_read_at,
        "failing_since": source.failing_since,
        "post_count": found.posts if found else 0,
        "mention_count": found.mentions if found else 0,
    }


class SourceList(StaffPage):
    right = Right.READ
    nav = "sources"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = keyset(list_sources(by=self.actor), by="name", kind="s", cursor=cursor_of(request), limit=ROWS)
        found = found_by_source([source.pk for source in page.rows], by=self.actor, now=self.now)
        context = {
            "sources": [source_line(source, found.get(source.pk)) for source in page.rows],
            "add_url": reverse("source-add") if self.actor.may(Right.MANAGE) else "",
            **pager(request, page),
        }
        return self.page("mentions/source_list.html", context)


class SourceDetail(StaffPage):
    right = Right.READ
    nav = "sources"

    def get(self, request: HttpRequest, source_id: UUID) -> HttpResponse:
        source = get_source(source_id, by=self.actor)
        found = found_by_source([source.pk], by=self.actor, now=self.now)
        may, paused = self.actor.may_change(source.client_id), source.paused_at is not None
        urls = {
            "edit_url": ("source-edit", may),
            "read_url": ("source-read", may and not paused),
            "pause_url": ("source-pause", may and not paused),
            "resume_url": ("source-resume", may and paused),
            "delete_url": ("source-delete", may),
        }
        address = str(source.settings.get("url", ""))
        facts: dict[str, Any] = {
            "facts": _sign_in(source),
            "interval": source.every,
            "address": safe_link(address) or "",
            "address_hides": "url_token" in source.secret_names,
            "reply_address": str(source.settings.get("reply_url", "")),
        }
        context: dict[str, Any] = {
            "source": source_line(source, found.get(source.pk)) | facts,
            "attempts": [_attempt(read) for read in last_reads(source, by=self.actor)],
            # What a source of all clients brought is counted for all.
            "counts_theirs": self.actor.clients is None or source.client_id is not None,
            **{key: reverse(name, args=[source.pk]) if shown else "" for key, (name, shown) in urls.items()},
        }
        return self.page("mentions/source_detail.html", context)


def _sign_in(source: Source) -> list[dict[str, str]]:
    """That there is a password, not which."""
    if "username" not in source.secret_names:
        return []
    return [{"label": "Signs in", "value": "With a stored user name and password"}]


def _attempt(read: SourceRead) -> dict[str, Any]:
    return {
        "at": read.started_at,
        "ok": read.outcome != "failed",
        "outcome": _OUTCOMES.get(read.outcome, read.outcome),
        "detail": read.error,
        "milliseconds": round((read.finished_at - read.started_at) / timedelta(milliseconds=1)),
        "new_posts": read.posts,
        "new_mentions": read.mentions,
    }


def _kinds() -> list[tuple[str, str]]:
    """Loopback is for trying Earshot out, so it is offered only where loopback addresses may be read."""
    hidden = set() if settings.ALLOW_LOOPBACK else {Source.Kind.LOOPBACK.value}
    return [(value, label) for value, label in Source.Kind.choices if value not in hidden]


class SourceForm(forms.Form):
    name = CleanText(
        label="Name", max_length=120, missing="Give it a name.", help_text="As you would call it."
    )
    url = CleanText(
        label="Address",
        max_length=2000,
        missing="Enter the feed's web address.",
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text="Of the feed itself (RSS, Atom or JSON Feed), not of the page about it. A token in it, such as "
        "?key=…, is stored encrypted and not shown again.",
    )
    username = SecretText(
        label="User name", max_length=200, required=False, help_text="For a feed behind a password."
    )
    password = SecretText(
        label="Password",
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted, sent to the feed's own server only, and not shown again.",
    )
    reply_url = CleanText(
        label="Address for replies",
        max_length=2000,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "http://", "autocomplete": "off"}),
        help_text="For a demo forum only: where it takes replies. Feeds take none.",
    )
    every = DurationText(label="Read every", help_text="From 1 min to 7 d. 15 min is kind to most servers.")
    client = PickRow(
        label="For",
        required=False,
        help_text="Posts from here are looked through for this client, or for all.",
    )

    def settings_for(self, kind: str) -> dict[str, str]:
        """The settings of a source of this kind. Secret ones that were left empty aren't among them."""
        if kind == Source.Kind.LOOPBACK:
            return {name: self.cleaned_data[name] for name in ("url", "reply_url")}
        typed = {name: self.cleaned_data.get(name, "") for name in ("username", "password")}
        return {"url": self.cleaned_data["url"], **{name: value for name, value in typed.items() if value}}


class NewSourceForm(SourceForm):
    kind = Pick(label="Kind", choices=_kinds, initial=Source.Kind.FEED, missing="Choose a kind of source.")
    field_order = ["kind", "name", "url", "username", "password", "reply_url", "every", "client"]

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or {}
        if sent.get("kind") == Source.Kind.LOOPBACK and not sent.get("reply_url"):
            self.add_error("reply_url", "Enter the address where the forum takes replies.")
        return sent


class EditForm(SourceForm):
    """What is stored secretly stays as it is where nothing is entered."""

    forget = forms.BooleanField(required=False)
    field_order = ["name", "url", "username", "password", "forget", "reply_url", "every", "client"]

    def settings_for(self, kind: str) -> dict[str, str]:
        settings = super().settings_for(kind)
        if not self.cleaned_data.get("forget"):
            return settings
        return {**dict.fromkeys(get_platform(kind).secrets, ""), **settings}


class SourceFormPage(FormPage):
    right = Right.MANAGE
    nav = "sources"

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = super().make_form(data)
        clients = list_clients(by=self.actor).order_by("name", "id").values_list("pk", "name")
        offer(form, "client", clients, none=None if self.actor.clients is not None else "All clients")
        return form

    def sent(self) -> SourceForm:
        assert isinstance(self.form, SourceForm)  # noqa: S101  (form_class says so)
        return self.form


class AddSource(SourceFormPage):
    form_class = NewSourceForm
    title = "Add a source"
    intro = "A place that Earshot reads for you. Posts that name a client become mentions."
    submit_label = "Add the source"

    def initial(self) -> dict[str, Any]:
        return {"every": EVERY, "client": self.request.GET.get("client", "")}

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = super().make_form(data)
        if len(_kinds()) == 1:
            form.fields["kind"].widget = forms.HiddenInput()
            del form.fields["reply_url"]
        return form

    def cancel_url(self) -> str:
        return reverse("source-list")

    def save(self, data: dict[str, Any]) -> str:
        source = add_source(
            kind=data["kind"],
            name=data["name"],
            settings=self.sent().settings_for(data["kind"]),
            every=data["every"],
            client=get_client(data["client"], by=self.actor) if data["client"] else None,
            by=self.actor,
            now=self.now,
        )
        self.said = f"{source.name} is read for the first time within a minute."
        return reverse("source-detail", args=[source.pk])


class OfSource(SourceFormPage):
    source: Source

    def load(self, **kwargs: Any) -> None:
        self.source = get_source(kwargs["source_id"], by=self.actor)
        self.actor.require_client(self.source.client_id)

    def cancel_url(self) -> str:
        return reverse("source-detail", args=[self.source.pk])


class EditSource(OfSource):
    form_class = EditForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Edit {self.source.name}"
        self.intro = "With another address, reading starts afresh there; what was found stays."

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = super().make_form(data)
        client = self.source.client
        if client and client.archived_at:
            # No longer offered, but still what it is read for.
            field: Any = form.fields["client"]
            field.choices = [*field.choices, (str(client.pk), f"{client.name} (archived)")]
        unused = ("username", "password") if self.source.kind == Source.Kind.LOOPBACK else ("reply_url",)
        for name in unused:
            del form.fields[name]
        _say_what_is_stored(form, self.source.secret_names)
        return form

    def initial(self) -> dict[str, Any]:
        source = self.source
        return {
            **source.settings,
            "name": source.name,
            "every": source.every,
            "client": source.client_id or "",
        }

    def save(self, data: dict[str, Any]) -> str:
        changes = {
            "name": data["name"],
            "settings": self.sent().settings_for(self.source.kind),
            "every": data["every"],
            "client_id": data["client"],
        }
        change_source(self.source, changes=changes, by=self.actor, now=self.now)
        return self.cancel_url()


def _say_what_is_stored(form: forms.Form, stored: list[str]) -> None:
    for name in ("username", "password"):
        if name in stored:
            form.fields[name].widget.attrs["placeholder"] = "•••••••• (stored)"
            form.fields[name].help_text = "Stored. Leave it empty to keep it."
    if "url_token" in stored:
        form.fields[
            "url"
        ].help_text = "A secret part of it is stored and left out here. It stays as long as you don't change the address."
    if not stored:
        del form.fields["forget"]
        return
    kept = {"username": "user name and password", "url_token": "secret part of the address"}
    what = " and ".join(words for name, words in kept.items() if name in stored)
    form.fields["forget"].label = f"Forget the stored {what or 'secrets'}"


class DeleteSource(ConfirmPage):
    right = Right.MANAGE
    nav = "sources"
    submit_label = "Delete it"
    consequence = "The posts and mentions that it brought stay. To stop for a while only, pause it instead."
    source: Source

    def load(self, **kwargs: Any) -> None:
        self.source = get_source(kwargs["source_id"], by=self.actor)
        self.actor.require_client(self.source.client_id)
        self.title = f"Delete {self.source.name}"
        self.sentence = f"Earshot doesn't read {self.source.name} any more, and forgets where it stood."

    def cancel_url(self) -> str:
        return reverse("source-detail", args=[self.source.pk])

    def act(self) -> str:
        name = self.source.name
        delete_source(self.source, by=self.actor, now=self.now)
        self.said = f"{name} is deleted."
        return reverse("source-list")


class ReadSource(StaffPage):
    """One press, no question."""

    right = Right.MANAGE
    nav = "sources"

    def post(self, request: HttpRequest, source_id: UUID) -> HttpResponse:
        source = get_source(source_id, by=self.actor)
        return self.done(reverse("source-detail", args=[source.pk]), self.act(source))

    def act(self, source: Source) -> str:
        read_now(source, by=self.actor, now=self.now)
        return "It is read within a few seconds. Reload this page to see the result."


class PauseSource(ReadSource):
    def act(self, source: Source) -> str:
        pause_source(source, by=self.actor, now=self.now)
        return f"{source.name} is paused."


class ResumeSource(ReadSource):
    def act(self, source: Source) -> str:
        resume_source(source, by=self.actor, now=self.now)
        return f"{source.name} is read again, every {write_duration(source.every)}."

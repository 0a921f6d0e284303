"""What was done, by whom: the audit entries as people read them, find them, and take them away."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from agency.actions.audit_export import FORMS, export_audit
from agency.actions.limits import KnownClients, no_clients
from agency.actor import Actor, ActorKind
from agency.models import AuditEntry
from agency.queries.audit import AuditFilters, get_head, list_audit, who_acts
from agency.queries.audit_chain import AT_ONCE, verify
from agency.queries.paging import keyset
from agency.rights import Right
from agency.web.activity_words import KINDS, NOUNS, ORIGINS, SAID
from agency.web.fields import CleanText, PickRow, offer, write_duration
from agency.web.limits import name_clients
from agency.web.lists import AFTER, cursor_of, pager
from agency.web.views import StaffPage

ROWS = 50

# Said by the line itself, of use to programs only, or too long for a line.
_UNTOLD = frozenset(
    {"digest", "version", "prefix", "name", "text", "sha256", "head", "publication", "about", "since"}
)
_CALLED = {"email": "mail address", "clients": "works for"}
# Of a key: lists.
_LISTS = ("rights", "works_for")
# Of a mention: said by the line, or ids.
_MOVED = frozenset({"from", "to", "assignee"})
_NAMED = frozenset(
    {"channel", "client", "contact", "apikey", "source", "template", "membership", "identityprovider"}
)
_OWN = frozenset({"factor_reset", "guessing_stopped", "sign_in_failed"})
_PAGES = {"mention": "mention", "client": "client-detail"}


class ActivityForm(forms.Form):
    """What the log shows. Nonsense in the address filters nothing."""

    q = CleanText(label="Search", max_length=200, required=False, widget=forms.SearchInput)
    what = forms.ChoiceField(label="What", required=False, choices=[("", "Everything"), *NOUNS.items()])
    who = forms.ChoiceField(label="Who", required=False)
    client = PickRow(label="Client", required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    subject = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, by: Actor, clients: Mapping[UUID, str]) -> None:
        super().__init__(data)
        people = [(str(pk), name) for pk, name in who_acts(by=by)]
        kinds = [(str(kind), label) for kind, label in KINDS.items()]
        self.fields["who"].choices = [("", "Anyone"), *kinds, *people]  # type: ignore[attr-defined]
        offer(self, "client", clients.items(), none="All clients")
        if not clients:
            del self.fields["client"]

    def filters(self) -> AuditFilters:
        self.is_valid()
        chosen: dict[str, Any] = self.cleaned_data
        who = chosen.get("who") or ""
        until = chosen.get("until")
        text = str(chosen.get("q") or "")
        return AuditFilters(
            text=text,
            spoken=tuple(frozenset(_told_with(word)) for word in text.casefold().split()),
            actor_id=UUID(who) if who and who not in KINDS else None,
            actor_kind=who if who in KINDS else "",
            action=chosen.get("what") or "",
            client_id=chosen.get("client"),
            subject_id=chosen.get("subject"),
            since=_midnight(chosen.get("since")),
            until=_midnight(until + timedelta(days=1)) if until and until.year < 9999 else None,
        )


def _told_with(word: str) -> Iterator[str]:
    """Actions whose sentence has this word: people search for what they read."""
    return (action for action, said in SAID.items() if word in said.casefold())


def _midnight(day: Any) -> datetime | None:
    """The beginning of a day where the agency is."""
    return timezone.make_aware(datetime(day.year, day.month, day.day)) if day else None  # noqa: DTZ001


class LogPage(StaffPage):
    """`known` are the clients to choose from, which are known above."""

    right = Right.AUDIT
    nav = "activity"
    known: KnownClients = staticmethod(no_clients)

    def form(self, data: QueryDict) -> ActivityForm:
        return ActivityForm(data, by=self.actor, clients=self.known(self.actor))


class Activity(LogPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.GET)
        filters = form.filters()
        entries = list_audit(by=self.actor, filters=filters)
        page = keyset(entries, by="-at", kind="t", cursor=cursor_of(request), limit=ROWS)
        whole, known = self.actor.clients is None, self.known(self.actor)
        asked = request.GET.copy()
        asked.pop(AFTER, None)
        context = {
            "entries": [_line(entry, known) for entry in page.rows],
            "filters": form,
            "filtered": bool(filters),
            "about_one": filters.subject_id,
            "head": get_head(by=self.actor) if whole else None,
            "export_url": f"{reverse('activity-export')}?{asked.urlencode()}",
            **pager(request, page),
        }
        return self.page("agency/activity.html", context)


class ExportActivity(LogPage):
    """The log as a file; the filters are in the address, as on the page."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form, filters = request.POST.get("form", "csv"), self.form(request.GET).filters()
        file = export_audit(form=form, filters=filters, by=self.actor, now=self.now)
        name = f"activity-{timezone.localtime(self.now):%Y-%m-%d}.{form}"
        kind = f"{FORMS[form]}; charset=utf-8"
        return FileResponse(file, as_attachment=True, filename=name, content_type=kind)  # type: ignore[return-value]


class ChainPage(StaffPage):
    """Whether the chain holds: reckoned again while the page is made, as far back as a moment allows."""

    right = Right.AUDIT
    nav = "activity"

    def get(self, request: HttpRequest) -> HttpResponse:
        verdict = verify(by=self.actor, last=AT_ONCE)
        whole = verdict.entries == verdict.seq
        return self.page(
            "agency/chain.html", {"verdict": verdict, "whole": whole, "agency_id": self.actor.agency_id}
        )


def _line(entry: AuditEntry, known: Mapping[UUID, str]) -> dict[str, Any]:
    page = _PAGES.get(entry.subject_type)
    origin = ORIGINS.get(ActorKind(entry.actor_kind), entry.actor_kind)
    return {
        "at": entry.at,
        "who": entry.actor_name or "Somebody whose name was erased",
        "what": _what(entry),
        "url": reverse(page, args=[entry.subject_id])
        if page and entry.subject_id and entry.what_salt
        else "",
        "detail": _detail(entry, known),
        "origin": f"{origin} · {entry.address}" if entry.address else origin,
        "erased": entry.erased_at,
    }


def _what(entry: AuditEntry) -> str:
    said = SAID.get(entry.action) or entry.action.replace(".", ": ").replace("_", " ")
    noun, _, done = entry.action.partition(".")
    if entry.subject_type not in _NAMED or (noun == "account" and done not in _OWN):
        return said
    return f"{said} {entry.subject_name}" if entry.subject_name else f"{said} (name erased)"


def _detail(entry: AuditEntry, known: Mapping[UUID, str]) -> str:
    """A short word on what changed; texts and long lists are on the subject's own page."""
    if entry.action == "member.limited" and entry.what_salt:
        return " → ".join(name_clients(side, known) for side in entry.details["works_for"])
    parts = []
    skipped = _MOVED if entry.subject_type == "mention" else frozenset()
    for name, value in _plain(entry, known).items():
        shown = "" if name in skipped else _change(value)
        called = _CALLED.get(name) or name.replace("_", " ")
        if isinstance(value, list) and shown:
            parts.append(f"{called}: {shown[:120]}")
        elif shown and len(shown) <= 80 and name not in _UNTOLD:
            parts.append(f"{called}: {shown}")
    return " · ".join(parts[:4])


def _plain(entry: AuditEntry, known: Mapping[UUID, str]) -> dict[str, Any]:
    """Its details. A new key's lists of two are no change from one to the other."""
    told: dict[str, Any] = dict(entry.details)
    if entry.action == "key.changed" and entry.what_salt:
        return told | {name: _told_pair(name, told[name], known) for name in _LISTS if name in told}
    if entry.action != "key.made":
        return told
    told["rights"] = ", ".join(told.get("rights", []))
    return told | ({"clients": name_clients(told["clients"], known)} if "clients" in told else {})


def _told_pair(name: str, pair: list[Any], known: Mapping[UUID, str]) -> list[str]:
    """Before and after, each in words."""
    say = (lambda side: name_clients(side, known)) if name == "works_for" else ", ".join
    return [say(side) for side in pair]


def _change(value: Any) -> str:
    if (
        isinstance(value, list)
        and len(value) == 2
        and not any(isinstance(side, list | dict) for side in value)
    ):
        before, after = ("none" if side in {None, ""} else _word(side) for side in value)
        return f"{before} → {after}"
    return _word(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _word(value: Any) -> str:
    """Only promises are told in fractions: of seconds."""
    return write_duration(timedelta(seconds=value)) if isinstance(value, float) else str(value)

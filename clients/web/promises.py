"""What was promised, to one client or to all: looked at by everybody, changed by who manages."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.rights import Right
from agency.web.fields import DurationText, Pick
from agency.web.form_pages import ConfirmPage
from clients.actions.policies import return_to_default, set_sla_policy
from clients.models import Client, SlaPolicy
from clients.queries.clients import get_client, sla_policy_of
from clients.queries.policies import calendar_names, calendars_for, history_of, progress_of, terms_for
from clients.terms import PROMISED, Key, Terms, Within
from clients.web.previewed import Previewed
from clients.web.promise_words import COLUMNS, HOURS, history_lines, table_of
from clients.words import HoursOf, Priority


def _name(key: Key) -> str:
    return f"{key[0].value}_{key[1].value}"


KEYS: list[Key] = [(priority, kind) for priority in Priority for kind in PROMISED]


class Percentages(forms.CharField):
    """ "50, 75, 90" as whole numbers; the action says whether they make sense."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> tuple[int, ...]:
        words = str(super().clean(value) or "").replace("%", " ").replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and len(word) <= 3 for word in words):
            raise ValidationError("Write whole percentages with commas between them: 50, 75, 90.")
        return tuple(int(word) for word in words)


class HoursPick(Pick):
    """The client's hours, the agency's, around the clock, or a calendar by its id."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Within):
            return value
        return str(value.calendar_id) if value.calendar_id else value.hours.value

    def clean(self, value: Any) -> Within:
        chosen = str(super().clean(value))
        if chosen in HoursOf.values:
            return Within(HoursOf(chosen))
        return Within(HoursOf.CALENDAR, UUID(chosen))


class PromisesForm(forms.Form):
    """A target and its hours for each priority and kind of clock, when to warn, and what counts as found too late."""

    warn_at = Percentages(
        required=False,
        max_length=120,
        label="Warn when this much of the time is used, in per cent",
        help_text="Rising, with commas between them: 50, 75, 90. Leave it empty for no warnings.",
    )
    late_found_after = DurationText(
        label="Found too late to answer in time",
        help_text="A post that is older than this when Earshot finds it can’t break the promise to respond.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": "8"}),
    )

    def __init__(self, *args: Any, choices: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attrs = {"autocomplete": "off", "size": "8"}
        for priority, kind in KEYS:
            label = f"{priority.label}: {COLUMNS[kind].lower()}"
            self.fields[_name((priority, kind))] = DurationText(
                label=label, widget=forms.TextInput(attrs=attrs)
            )
            self.fields[f"{_name((priority, kind))}_hours"] = HoursPick(
                label=f"{label}, counted in", choices=choices, missing="Choose hours from the list."
            )

    def rows(self) -> list[dict[str, Any]]:
        """Priority → its bound fields, for a table."""
        return [{"priority": p.value, "fields": self._cells(p)} for p in Priority]

    def _cells(self, priority: Priority) -> list[dict[str, Any]]:
        names = [(kind, _name((priority, kind))) for kind in PROMISED]
        return [
            {"column": COLUMNS[kind], "target": self[name], "hours": self[f"{name}_hours"]}
            for kind, name in names
        ]


class Promises(Previewed):
    """The agency's default: for every client without promises of its own."""

    right = Right.READ
    write_right = Right.MANAGE
    nav = "settings"
    template_name = "clients/promises_form.html"
    form_class = PromisesForm
    title = "What we promise"
    client: Client | None = None
    policy: SlaPolicy | None = None
    terms: Terms

    def load(self, **kwargs: Any) -> None:
        self.policy = sla_policy_of(None)
        self.terms = terms_for(None)
        self.intro = "For every client without promises of its own."

    def concerns(self) -> Client | None:
        return self.client

    def may(self) -> bool:
        return self.actor.may_change(self.client.pk if self.client else None)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        if self.may():
            return self.show(self.make_form(None))
        return self.page("clients/promises.html", {**self._read(), **self._around()})

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if self.client is None and "client_id" not in kwargs:
            self.actor.require_all_clients()
        return super().post(request, **kwargs)

    def make_form(self, data: Any) -> forms.Form:
        choices: list[Any] = [(code.value, label) for code, label in HOURS.items()]
        calendars = [(str(row.pk), row.name) for row in calendars_for(self.client)]
        groups = [("Calendars", calendars)] if calendars else []
        return PromisesForm(data, initial=self.initial(), choices=[*choices, *groups])

    def initial(self) -> dict[str, Any]:
        known: dict[str, Any] = {
            "warn_at": self.terms.warn_at,
            "late_found_after": self.terms.late_found_after,
        }
        for key, term in self.terms.rows.items():
            known[_name(key)], known[f"{_name(key)}_hours"] = term.target, term.within
        return known

    def extra(self) -> dict[str, Any]:
        return {**super().extra(), "columns": list(COLUMNS.values()), **self._around()}

    def _around(self) -> dict[str, Any]:
        return {
            "progress": progress_of(self.client),
            "history": history_lines(history_of(self.client, by=self.actor)),
            "return_url": "",
        }

    def _read(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "intro": self.intro,
            "cancel_url": self.cancel_url(),
            "columns": list(COLUMNS.values()),
            "rows": table_of(self.terms, calendar_names(self.terms)),
            "terms": self.terms,
        }

    def cancel_url(self) -> str:
        return reverse("settings")

    def save(self, data: dict[str, Any]) -> str:
        set_sla_policy(
            client=self.client,
            targets={key: data[_name(key)] for key in KEYS},
            hours={key: data[f"{_name(key)}_hours"] for key in KEYS},
            warn_at=data["warn_at"],
            late_found_after=data["late_found_after"],
            by=self.actor,
            now=self.now,
        )
        self.said = "Promised. New clocks start with these times, and those that run are moved to them now."
        return self.request.path


class ClientPromises(Promises):
    """The client's own; what is shown first is what holds for it now."""

    nav = "clients"
    client: Client

    def load(self, **kwargs: Any) -> None:
        self.client = get_client(kwargs["client_id"], by=self.actor)
        self.policy, self.terms = sla_policy_of(self.client), terms_for(self.client)
        self.title = f"What we promise {self.client.name}"
        self.intro = (
            f"For {self.client.name} alone."
            if self.policy
            else f"{self.client.name} has the agency’s default now. Saving gives it promises of its own."
        )
        if not self.may():
            self.intro = f"For {self.client.name} alone." if self.policy else "The agency’s default."

    def _around(self) -> dict[str, Any]:
        own = self.policy is not None and self.may()
        url = reverse("client-promises-return", args=[self.client.pk]) if own else ""
        return {**super()._around(), "return_url": url}

    def cancel_url(self) -> str:
        return reverse("client-detail", args=[self.client.pk])


class ReturnToDefault(Previewed, ConfirmPage):
    """Ask, and show what it would change, before a client loses its own promises."""

    right = Right.MANAGE
    nav = "clients"
    template_name = "clients/promises_return.html"
    submit_label = "Go back to the default"
    danger = False
    client: Client

    def load(self, **kwargs: Any) -> None:
        self.client = get_client(kwargs["client_id"], by=self.actor)
        self.title = f"Back to the agency’s default for {self.client.name}"
        self.sentence = f"{self.client.name} loses its own promises, and what the agency promises by default holds for it."
        self.consequence = (
            "Clocks that run are moved to the default’s times; what they used is kept. The old versions stay readable, "
            "and you can give it promises of its own again at any time."
        )

    def concerns(self) -> Client:
        return self.client

    def act(self) -> str:
        return_to_default(self.client, by=self.actor, now=self.now)
        self.said = f"The agency’s default holds for {self.client.name} now."
        return self.cancel_url()

    def extra(self) -> dict[str, Any]:
        default = terms_for(None)
        return {
            **super().extra(),
            "columns": list(COLUMNS.values()),
            "rows": table_of(default, calendar_names(default)),
        }

    def cancel_url(self) -> str:
        return reverse("client-promises", args=[self.client.pk])

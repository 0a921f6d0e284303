"""A client's office hours and after-hours cover: the form, and the lines on the client's page."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse

from agency.actor import Actor
from agency.web.fields import Pick, PickRow, offer
from clients.actions.client_hours import set_client_hours
from clients.models import Client
from clients.queries.calendars import (
    default_calendar,
    get_calendar,
    hours_by_calendar,
    in_force,
    list_calendars,
    versions_of,
)
from clients.web.calendar_words import state_words, week_words
from clients.web.clients import OfClient
from clients.web.previewed import Previewed
from clients.words import Cover


class HoursForm(forms.Form):
    calendar = PickRow(label="Office hours", required=False)
    cover = Pick(
        label="Outside of them",
        choices=Cover.choices,
        widget=forms.RadioSelect,
        missing="Choose what you do outside office hours.",
    )


class ClientHours(OfClient, Previewed):
    template_name = "clients/client_hours.html"
    form_class = HoursForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Hours of {self.client.name}"
        self.intro = (
            "Promises to this client run in these hours, unless they name others. Clocks that run are moved."
        )

    def concerns(self) -> Client:
        return self.client

    def initial(self) -> dict[str, Any]:
        return {"calendar": str(self.client.calendar_id or ""), "cover": self.client.cover}

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = super().make_form(data)
        usual = default_calendar()
        none = f"The agency’s: {usual.name}" if usual else "The agency’s: around the clock"
        rows = list_calendars(by=self.actor, client_id=self.client.pk).order_by("name", "id")
        known = {row.pk: row.name for row in rows}
        if self.client.calendar is not None:
            known.setdefault(self.client.calendar.pk, self.client.calendar.name)
        offer(form, "calendar", known.items(), none=none)
        return form

    def extra(self) -> dict[str, Any]:
        return {**super().extra(), "add_url": f"{reverse('calendar-add')}?client={self.client.pk}"}

    def save(self, data: dict[str, Any]) -> str:
        calendar = get_calendar(data["calendar"], by=self.actor) if data["calendar"] else None
        cover = Cover(data["cover"])
        set_client_hours(self.client, calendar=calendar, cover=cover, by=self.actor, now=self.now)
        return self.cancel_url()


def hours_of_client(client: Client, *, by: Actor, now: datetime) -> dict[str, Any]:
    """For the client's page: which hours, are they open now, and what holds outside of them."""
    calendar = client.calendar or default_calendar()
    about: dict[str, Any] = {
        "cover": Cover(client.cover).label,
        "has_cover": client.cover != Cover.NONE,
        "own": client.calendar_id is not None,
        "edit_url": reverse("client-hours", args=[client.pk]) if by.may_change(client.pk) else "",
    }
    if calendar is None:
        return {**about, "name": "", "url": ""}
    held = in_force(versions_of(calendar), now)
    return {
        **about,
        "name": calendar.name,
        "url": reverse("calendar", args=[calendar.pk]),
        "week": week_words(held.week),
        "zone": held.zone,
        "state": state_words(hours_by_calendar([calendar.pk])[calendar.pk], now, held.zone),
    }

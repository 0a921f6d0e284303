"""When one works: what isn't urgent waits until then."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse

from agency.errors import Forbidden
from agency.rights import Right
from agency.web.fields import Pick, PickRow, ZoneField, offer, zones
from agency.web.form_pages import FormPage
from clients.actions.rotas import clear_member_hours, set_member_hours
from clients.models import MemberHours
from clients.queries.calendars import get_calendar, list_calendars
from clients.queries.rotas import hours_of_member
from clients.web.rota_forms import WeekText

_HOW = (
    ("any", "At any time"),
    ("week", "In the hours below"),
    ("calendar", "In the open hours of a calendar"),
)


class MemberHoursForm(forms.Form):
    how = Pick(label="What isn't urgent reaches me", choices=_HOW, widget=forms.RadioSelect)
    zone = ZoneField(required=False)
    week = WeekText(
        label="My hours",
        required=False,
        help_text="A line for days that are alike: Mon-Fri 09:00-17:00. What comes outside waits for the next hour.",
    )
    calendar = PickRow(label="Calendar", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields["zone"]
        zone.choices = zones(self.initial.get("zone") or "")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        how = data.get("how")
        if how == "week" and not data.get("week") and "week" not in self.errors:
            self.add_error("week", "Write at least one line of hours.")
        if how == "calendar" and not data.get("calendar") and "calendar" not in self.errors:
            self.add_error("calendar", "Choose a calendar.")
        return data


class MyHours(FormPage):
    right, write_right = Right.READ, Right.READ
    nav = "account"
    form_class = MemberHoursForm
    title = "Your working hours"
    intro = "Warnings wait for your hours, unless the mention is urgent. Being on call has hours of its own."
    row: MemberHours | None = None

    def load(self, **kwargs: Any) -> None:
        if self.actor.member_id is None:
            raise Forbidden("Only a member has working hours.")
        self.row = hours_of_member(self.actor.member_id)

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = super().make_form(data)
        calendars = list_calendars(by=self.actor).order_by("name", "id").values_list("pk", "name")
        offer(form, "calendar", calendars, none="None")
        return form

    def initial(self) -> dict[str, Any]:
        row = self.row
        if row is None:
            return {"how": "any", "zone": self.house.agency.time_zone}
        how = "calendar" if row.calendar_id else "week"
        zone = row.zone or self.house.agency.time_zone
        return {"how": how, "zone": zone, "week": row.week, "calendar": str(row.calendar_id or "")}

    def cancel_url(self) -> str:
        return reverse("settings")

    def save(self, data: dict[str, Any]) -> str:
        if data["how"] == "any":
            clear_member_hours(by=self.actor, now=self.now)
        elif data["how"] == "calendar":
            calendar = get_calendar(data["calendar"], by=self.actor)
            set_member_hours(calendar=calendar, by=self.actor, now=self.now)
        else:
            set_member_hours(zone=data["zone"], week=data["week"] or {}, by=self.actor, now=self.now)
        return self.cancel_url()

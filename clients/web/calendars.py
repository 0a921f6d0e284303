"""Calendars: the list, the page of one, and what changes them."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.queries.paging import keyset
from agency.rights import Right
from agency.web.fields import CleanText, PickRow, offer
from agency.web.form_pages import ConfirmPage, FormPage
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from clients.actions.calendars import (
    archive_calendar,
    change_calendar,
    create_calendar,
    rename_calendar,
    set_default_calendar,
    withdraw_version,
)
from clients.models import Calendar, CalendarVersion, Client
from clients.queries.calendars import (
    default_calendar,
    get_calendar,
    get_version,
    hours_by_calendar,
    in_force,
    list_calendars,
    uses_by_calendar,
    versions_by_calendar,
    versions_of,
)
from clients.queries.clients import get_client, list_clients
from clients.web.calendar_forms import ChangeCalendarForm, NewCalendarForm, as_entered
from clients.web.calendar_page import about
from clients.web.calendar_words import state_words, week_words
from clients.web.previewed import Previewed

ROWS = 60
# What the form begins with.
OFFICE = [("09:00", "17:00")]
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


class CalendarList(StaffPage):
    right = Right.READ
    nav = "settings"

    def get(self, request: HttpRequest) -> HttpResponse:
        archived = request.GET.get("archived") == "1"
        rows = list_calendars(by=self.actor, archived=archived)
        page = keyset(rows, by="name", kind="s", cursor=cursor_of(request), limit=ROWS)
        ids = [calendar.pk for calendar in page.rows]
        hours = hours_by_calendar(ids)
        versions = versions_by_calendar(ids, now=self.now)
        uses = uses_by_calendar(page.rows)
        context = {
            "calendars": [
                {
                    "url": reverse("calendar", args=[calendar.pk]),
                    "name": calendar.name,
                    "is_default": calendar.is_default,
                    "client_name": calendar.client.name if calendar.client else "",
                    "week": week_words(versions[calendar.pk].week),
                    "zone": versions[calendar.pk].zone,
                    "uses": uses[calendar.pk],
                    **state_words(hours[calendar.pk], self.now, versions[calendar.pk].zone),
                }
                for calendar in page.rows
            ],
            "archived": archived,
            "archive_url": f"{reverse('calendar-list')}?archived=1",
            "add_url": reverse("calendar-add") if self.actor.may(Right.MANAGE) else "",
            "around_the_clock": default_calendar() is None,
            **pager(request, page),
        }
        return self.page("clients/calendar_list.html", context)


class CalendarPage(StaffPage):
    right = Right.READ
    nav = "settings"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        calendar = get_calendar(kwargs["calendar_id"], by=self.actor)
        may = self.actor.may_change(calendar.client_id) and calendar.archived_at is None
        return self.page("clients/calendar.html", about(calendar, may=may, now=self.now))


class AddCalendar(FormPage):
    right = Right.MANAGE
    nav = "settings"
    template_name = "clients/calendar_form.html"
    title = "Add a calendar"
    intro = "Open hours that clients and promises can run by: a week, public holidays, and dates that are different."
    submit_label = "Add the calendar"

    def initial(self) -> dict[str, Any]:
        asked = self.request.GET
        return {
            "zone": asked.get("zone") or self._zone(),
            **dict.fromkeys(WORKDAYS, OFFICE),
            "country": asked.get("country", ""),
            "client": asked.get("client", ""),
        }

    def _zone(self) -> str:
        return self.house.agency.time_zone

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = NewCalendarForm(data, initial=self.initial())
        form.fields["client"] = PickRow(label="For", required=False, help_text="Whose hours these are.")
        clients = list_clients(by=self.actor).order_by("name", "id").values_list("pk", "name")
        offer(form, "client", clients, none=None if self.actor.clients is not None else "The whole agency")
        form.order_fields(["name", "client"])
        return form

    def cancel_url(self) -> str:
        return reverse("calendar-list")

    def save(self, data: dict[str, Any]) -> str:
        assert isinstance(self.form, NewCalendarForm)  # noqa: S101  (make_form says so)
        client = get_client(data["client"], by=self.actor) if data["client"] else None
        calendar = create_calendar(
            client=client, name=data["name"], opening=self.form.opening(), by=self.actor, now=self.now
        )
        self.said = (
            f"{calendar.name} is here. Nothing runs by it until a client, a promise or the agency does."
        )
        return reverse("calendar", args=[calendar.pk])


class OfCalendar(FormPage):
    """A form about one calendar that the actor may change; cancelling leads back to it."""

    right = Right.MANAGE
    nav = "settings"
    calendar: Calendar

    def load(self, **kwargs: Any) -> None:
        self.calendar = get_calendar(kwargs["calendar_id"], by=self.actor)
        self.actor.require_client(self.calendar.client_id)

    def cancel_url(self) -> str:
        return reverse("calendar", args=[self.calendar.pk])


class ChangeCalendar(OfCalendar, Previewed):
    template_name = "clients/calendar_form.html"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Change {self.calendar.name}"
        self.intro = "Time that has passed keeps the hours it had. Clocks that run are moved to the new ones."

    def concerns(self) -> Client | None:
        client: Client | None = self.calendar.client
        return client

    def initial(self) -> dict[str, Any]:
        entered = as_entered(in_force(versions_of(self.calendar), self.now))
        if "country" in self.request.GET:
            entered |= {"country": self.request.GET["country"], "region": ""}
        return entered

    def make_form(self, data: QueryDict | None) -> forms.Form:
        return ChangeCalendarForm(data, initial=self.initial())

    def save(self, data: dict[str, Any]) -> str:
        assert isinstance(self.form, ChangeCalendarForm)  # noqa: S101  (make_form says so)
        since = self.form.since(self.now)
        opening = self.form.opening()
        change_calendar(self.calendar, opening=opening, effective_from=since, by=self.actor, now=self.now)
        self.said = f"Planned for {data['effective_from']:%-d %B %Y}." if since else "Saved."
        return self.cancel_url()


class NameForm(forms.Form):
    name = CleanText(label="Name", max_length=120, missing="Give it a name.")


class RenameCalendar(OfCalendar):
    form_class = NameForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Rename {self.calendar.name}"

    def initial(self) -> dict[str, Any]:
        return {"name": self.calendar.name}

    def save(self, data: dict[str, Any]) -> str:
        rename_calendar(self.calendar, name=data["name"], by=self.actor, now=self.now)
        return self.cancel_url()


class ArchiveCalendar(OfCalendar, ConfirmPage):
    submit_label = "Archive it"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Archive {self.calendar.name}"
        self.sentence = "Nothing can be given these hours any more."
        self.consequence = "What ran by them stays as it was counted."

    def act(self) -> str:
        archive_calendar(self.calendar, by=self.actor, now=self.now)
        self.said = f"{self.calendar.name} is archived."
        return reverse("calendar-list")


class DefaultCalendar(OfCalendar, Previewed, ConfirmPage):
    """Make it the agency's hours; where it is that already, take that back."""

    template_name = "clients/calendar_default.html"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.actor.require_all_clients()
        name = self.calendar.name
        self.danger = self.calendar.is_default
        if self.calendar.is_default:
            self.title, self.submit_label = f"Take {name} back as the agency's hours", "Take it back"
            self.sentence = (
                "The agency, and every client without hours of its own, run around the clock again."
            )
        else:
            self.title, self.submit_label = f"Make {name} the agency's hours", "Make them the agency's hours"
            self.sentence = "The agency, and every client without hours of its own, run by them from now on."
        self.consequence = "Clocks that run are moved. Time that has passed keeps the hours it had."

    def concerns(self) -> Client | None:
        return None

    def act(self) -> str:
        taking_back = self.calendar.is_default
        set_default_calendar(None if taking_back else self.calendar, by=self.actor, now=self.now)
        self.said = (
            "Around the clock again." if taking_back else f"{self.calendar.name} are the agency's hours now."
        )
        return self.cancel_url()


class WithdrawVersion(ConfirmPage):
    right = Right.MANAGE
    nav = "settings"
    submit_label = "Take it back"
    version: CalendarVersion

    def load(self, **kwargs: Any) -> None:
        self.version = get_version(kwargs["version_id"], by=self.actor)
        self.actor.require_client(self.version.calendar.client_id)
        self.title = f"Take a planned change of {self.version.calendar.name} back"
        self.sentence = "What was planned doesn't come into force. The hours before it go on."
        self.consequence = "Clocks that run are moved."

    def cancel_url(self) -> str:
        return reverse("calendar", args=[self.version.calendar_id])

    def act(self) -> str:
        withdraw_version(self.version, by=self.actor, now=self.now)
        self.said = "The planned change is gone."
        return self.cancel_url()

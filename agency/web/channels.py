"""How members are reached, and the agency's rooms: listed, added, changed, tried out, deleted."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from agency.actions.channels import (
    LONGEST_ADDRESS,
    add_channel,
    change_channel,
    delete_channel,
    enable_channel,
    say_outcome,
    trial_of,
    try_out,
)
from agency.messengers.parcel import Parcel
from agency.messengers.services import SERVICES
from agency.models import Channel
from agency.rights import Right
from agency.web.answers import see_other
from agency.web.fields import CleanText, Mail, Pick, SecretText
from agency.web.form_pages import UNACCEPTABLE, ConfirmPage, FormPage
from agency.web.shelves import MINE, ROOMS, Shelf
from agency.web.views import StaffPage

Kind = Channel.Kind
_TITLES = {Kind.MAIL: "Add mail", Kind.APPRISE: "Add a chat, push or SMS", Kind.WEBHOOK: "Add a webhook"}
_INTROS = {
    Kind.MAIL: "",
    Kind.APPRISE: "Enter the address of the service, with its tokens. The list says what each looks like.",
    Kind.WEBHOOK: "Earshot posts JSON to your address and signs it by the Standard Webhooks specification. The secret"
    " for checking the signature is shown once, after you save.",
}


class ChannelForm(forms.Form):
    """For all kinds; each keeps the fields that it has."""

    name = CleanText(
        label="Name",
        max_length=60,
        missing="Enter a name.",
        help_text="As it stands in lists of what was sent.",
    )
    email = Mail(label="Mail address")
    address = SecretText(
        label="Address",
        max_length=LONGEST_ADDRESS,
        missing="Enter the address.",
        help_text="Stored encrypted, used for sending only, and not shown again.",
    )
    takes = Pick(
        label="For",
        choices=Channel.Takes.choices,
        initial=Channel.Takes.ALL,
        widget=forms.RadioSelect,
        missing="Choose what it takes.",
    )


def form_for(kind: str, shelf: Shelf, data: Any, initial: dict[str, Any]) -> forms.Form:
    form = ChannelForm(data, initial=initial)
    if kind != Kind.MAIL or not shelf.is_rooms:
        del form.fields["email"]
    if kind == Kind.MAIL:
        del form.fields["address"]
    return form


class ChannelPage(StaffPage):
    """A page about channels on a shelf."""

    right, write_right = Right.READ, Right.READ
    nav = "account"
    shelf: ClassVar[Shelf] = MINE


class Channels(ChannelPage):
    """The list."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown()

    def shown(self, *, fresh: dict[str, str] | None = None) -> HttpResponse:
        rows = self.shelf.rows(self.actor).order_by("created_at", "id")
        context = {
            "shelf": self.shelf,
            "channels": [self._line(channel) for channel in rows],
            "fresh": fresh,
            "adds": [
                {"label": _TITLES[kind], "url": self.shelf.url(f"add-{kind}"), "icon": icon}
                for kind, icon in ((Kind.APPRISE, "plus"), (Kind.MAIL, "mail"), (Kind.WEBHOOK, "keys"))
            ],
        }
        response = self.page("agency/channels.html", context)
        response["Cache-Control"] = "private, no-store"
        return response

    def _line(self, channel: Channel) -> dict[str, Any]:
        mail = channel.email or (channel.member.user.email if channel.member else "")
        return {
            "channel": channel,
            "where": mail if channel.kind == Kind.MAIL else channel.service,
            "kind": channel.get_kind_display(),
            "urgent_only": channel.takes == Channel.Takes.URGENT,
            "edit_url": self.shelf.url("edit", channel),
            "test_url": self.shelf.url("test", channel),
            "enable_url": self.shelf.url("enable", channel),
            "delete_url": self.shelf.url("delete", channel),
        }


class AddChannel(FormPage, Channels):
    template_name = "agency/channel_form.html"
    kind: str = Kind.MAIL

    def load(self, **kwargs: Any) -> None:
        self.title, self.intro = _TITLES[Kind(self.kind)], _INTROS[Kind(self.kind)]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load()
        return self.show(self.make_form(None))

    def make_form(self, data: Any) -> forms.Form:
        names = {Kind.MAIL: "Mail", Kind.WEBHOOK: "Webhook"}
        return form_for(self.kind, self.shelf, data, {"name": names.get(Kind(self.kind), "")})

    def cancel_url(self) -> str:
        return self.shelf.list_url()

    def extra(self) -> dict[str, Any]:
        return {"services": SERVICES if self.kind == Kind.APPRISE else ()}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A webhook's secret is in this answer alone: not in an address, a session or a cache."""
        self.load()
        form = self.form = self.make_form(request.POST)
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        channel, secret = add_channel(
            **form.cleaned_data, kind=self.kind, room=self.shelf.is_rooms, by=self.actor, now=self.now
        )
        if secret:
            return self.shown(fresh={"name": channel.name, "secret": secret})
        return self.done(self.cancel_url(), f"“{channel.name}” is added. Send a test now.")


class OfChannel(ChannelPage):
    """About one channel."""

    channel: Channel

    def load(self, **kwargs: Any) -> None:
        self.channel = self.shelf.get(kwargs[f"{self.shelf.stem}_id"], self.actor)

    def cancel_url(self) -> str:
        return self.shelf.list_url()


class EditChannel(OfChannel, FormPage):
    template_name = "agency/channel_form.html"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Edit “{self.channel.name}”"

    def initial(self) -> dict[str, Any]:
        channel = self.channel
        return {"name": channel.name, "takes": channel.takes, "email": channel.email}

    def make_form(self, data: Any) -> forms.Form:
        form = form_for(self.channel.kind, self.shelf, data, self.initial())
        if address := form.fields.get("address"):
            address.required = False
            address.widget.attrs["placeholder"] = f"•••••••• ({self.channel.service})"
            address.help_text = "Stored. Leave it empty to keep it."
        return form

    def extra(self) -> dict[str, Any]:
        return {"services": SERVICES if self.channel.kind == Kind.APPRISE else ()}

    def save(self, data: dict[str, Any]) -> str:
        change_channel(self.channel, **data, by=self.actor, now=self.now)
        self.said = f"“{data['name']}” is saved."
        return self.cancel_url()


class TestChannel(OfChannel):
    """Asked for inside the agency; what is sent is sent outside of its transaction, and the answer says what came back."""

    parcel: Parcel | None = None

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        return see_other(request, self.cancel_url())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        self.parcel = trial_of(self.channel, by=self.actor, now=self.now)
        return HttpResponse()

    def _answer(
        self, handler: Callable[..., HttpResponse], right: Right, *, read_only: bool, **kwargs: Any
    ) -> HttpResponse:
        answer = super()._answer(handler, right, read_only=read_only, **kwargs)
        if self.parcel is None:
            return answer
        outcome = try_out(self.parcel)
        say = messages.success if outcome.ok else messages.error
        say(self.request, f"“{self.channel.name}”: {say_outcome(outcome)}")
        return see_other(self.request, self.cancel_url())


class EnableChannel(OfChannel):
    """One press, no question."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        return see_other(request, self.cancel_url())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        enable_channel(self.channel, by=self.actor, now=self.now)
        return self.done(self.cancel_url(), f"“{self.channel.name}” is in use again.")


class DeleteChannel(OfChannel, ConfirmPage):
    submit_label = "Delete it"
    consequence = "Earshot forgets its address and secrets. What was sent by it stays listed."

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Delete “{self.channel.name}”"
        self.sentence = f"Nothing is sent to “{self.channel.name}” any more, also not what is on its way now."

    def act(self) -> str:
        delete_channel(self.channel, by=self.actor, now=self.now)
        self.said = f"“{self.channel.name}” is deleted."
        return self.cancel_url()


# The agency's ------------------------------------------------------------------------------------------


class OfAgency:
    """The same for its rooms, by who may change the agency."""

    right, write_right = Right.AGENCY, Right.AGENCY
    nav = "settings"
    shelf = ROOMS


class Rooms(OfAgency, Channels):
    pass


class AddRoom(OfAgency, AddChannel):
    pass


class EditRoom(OfAgency, EditChannel):
    pass


class TestRoom(OfAgency, TestChannel):
    pass


class EnableRoom(OfAgency, EnableChannel):
    pass


class DeleteRoom(OfAgency, DeleteChannel):
    pass

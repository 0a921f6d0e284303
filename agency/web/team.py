"""The team: who is in it, with which role."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.actions.limits import limit_member
from agency.actions.members import add_member, change_role, invite_again, remove_member
from agency.actor import Actor
from agency.errors import DomainError
from agency.models import Membership
from agency.queries.people import get_membership, list_members
from agency.queries.second_factor import with_second_factor
from agency.rights import Right, Role
from agency.web.answers import see_other
from agency.web.fields import CleanText, Mail, Pick
from agency.web.form_pages import UNACCEPTABLE, ConfirmPage, put_errors, status_of
from agency.web.limits import ClientsField, OffersClients, offer_clients, say_clients


class InviteForm(forms.Form):
    email = Mail(label="Mail address", help_text="The invitation goes there.")
    name = CleanText(label="Name", max_length=120, missing="Enter their name.")
    role = Pick(label="Role", choices=Role.choices, initial=Role.RESPONDER, missing="Choose a role.")
    clients = ClientsField(help_text="They see these clients only. Choose none for all.")


class RoleForm(forms.Form):
    role = Pick(label="Role", choices=Role.choices, missing="Choose a role.")


class Team(OffersClients):
    right, write_right = Right.READ, Right.TEAM
    nav = "team"
    form: forms.Form | None = None

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(self._form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Invite somebody."""
        form = self.form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=UNACCEPTABLE)
        given = dict(form.cleaned_data)
        clients = given.pop("clients", None)
        member = add_member(**given, by=self.actor, now=self.now)
        if clients is not None:
            limit_member(member, clients=clients, known=self.clients, by=self.actor, now=self.now)
        return self.done(reverse("team"), f"{form.cleaned_data['email']} is invited: a mail is on its way.")

    def refused(self, error: DomainError) -> HttpResponse:
        if self.form is None or error.status == 403:
            return super().refused(error)
        with self.inside(read_only=True):
            put_errors(self.form, error)
            return self._show(self.form, status=status_of(error))

    @property
    def offered(self) -> Mapping[UUID, str]:
        """Nothing to who only reads the page."""
        return self.clients if self.actor.may(Right.TEAM) else {}

    def _form(self, data: Any = None) -> forms.Form:
        return offer_clients(InviteForm(data), self.offered)

    def _show(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        return self.page("agency/team.html", team_shown(self.actor, form, self.offered), status=status)


def team_shown(by: Actor, form: forms.Form, known: Mapping[UUID, str]) -> dict[str, Any]:
    members = list(list_members(by=by).order_by("created_at", "id"))
    # A matter of who answers for the team: not everybody needs to know whose account is the softer one.
    secured = with_second_factor(member.user_id for member in members) if by.may(Right.TEAM) else None
    return {
        "members": [
            {
                **_line(member, by, known),
                "second_factor": None if secured is None else member.user_id in secured,
            }
            for member in members
        ],
        "invite_form": form if by.may(Right.TEAM) else None,
        "invite_url": reverse("team"),
    }


def _line(member: Membership, by: Actor, known: Mapping[UUID, str]) -> dict[str, Any]:
    may = by.may(Right.TEAM)
    return {
        "name": member.name,
        "email": member.user.email,
        "role": member.role,
        "role_label": Role(member.role).label,
        "is_you": member.pk == by.id,
        "last_seen_at": member.user.last_login,
        "role_form": RoleForm(initial={"role": member.role}, auto_id=f"role-{member.pk}-%s") if may else None,
        "role_url": reverse("member-role", args=[member.pk]),
        "clients": say_clients(member.client_ids, known) if may else "",
        "clients_url": reverse("member-clients", args=[member.pk])
        if may and member.role != Role.OWNER
        else "",
        "invite_url": reverse("member-invite", args=[member.pk])
        if may and member.user.last_login is None
        else "",
        "remove_url": reverse("member-remove", args=[member.pk]) if may else "",
    }


class OneMember(OffersClients):
    """Takes the little form of one line. Whoever reloads its address is shown the team; so is who is refused."""

    right = Right.TEAM
    nav = "team"

    def get(self, request: HttpRequest, member_id: UUID) -> HttpResponse:
        return see_other(request, reverse("team"))

    def refused(self, error: DomainError) -> HttpResponse:
        if error.status in {403, 404}:
            return super().refused(error)
        messages.error(self.request, error.message)
        with self.inside(read_only=True):
            form = offer_clients(InviteForm(), self.clients)
            shown = team_shown(self.actor, form, self.clients)
            return self.page("agency/team.html", shown, status=status_of(error))


class InviteAgain(OneMember):
    def post(self, request: HttpRequest, member_id: UUID) -> HttpResponse:
        member = get_membership(member_id, by=self.actor)
        invite_again(member, by=self.actor, now=self.now)
        return self.done(reverse("team"), f"{member.name} is invited again: a mail is on its way.")


class ChangeRole(OneMember):
    def post(self, request: HttpRequest, member_id: UUID) -> HttpResponse:
        member = get_membership(member_id, by=self.actor)
        change_role(member, role=request.POST.get("role", ""), by=self.actor, now=self.now)
        return self.done(reverse("team"), f"{member.name}'s role is now {Role(member.role).label.lower()}.")


class RemoveMember(ConfirmPage):
    right = Right.TEAM
    nav = "team"
    submit_label = "Remove"
    member: Membership

    def load(self, **kwargs: Any) -> None:
        self.member = get_membership(kwargs["member_id"], by=self.actor)
        self.title = f"Remove {self.member.name}"
        who = "You" if self.member.pk == self.actor.id else self.member.name
        self.sentence = f"{who} can't enter {self.house.agency.name} from the next click on."
        self.consequence = (
            "The API keys that they made stop working. What they did stays in the history under their name, and what "
            "they have claimed stays theirs until somebody hands it on."
            if who != "You"
            else "The API keys that you made stop working, and what you have claimed stays yours until somebody "
            "hands it on. Only another owner can invite you again."
        )

    def cancel_url(self) -> str:
        return reverse("team")

    def act(self) -> str:
        remove_member(self.member, by=self.actor, now=self.now)
        self.said = f"{self.member.name} was removed."
        return reverse("team")

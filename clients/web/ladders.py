"""Who is told, and what is done, when a clock runs out or something urgent comes."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.urls import reverse

from agency.rights import Right
from agency.web.form_pages import ConfirmPage, FormPage
from clients.actions.ladders import reset_ladder, set_ladder
from clients.models import Client
from clients.queries.clients import get_client, match_sla_policies, sla_policy_of
from clients.queries.ladders import Held, gone_from, ladder_of
from clients.queries.rotas import Person, people
from clients.web.ladder_forms import LadderForm, rung_words, step_words
from clients.web.numbered import renumbered


class LadderPage(FormPage):
    """The agency's: for all clients without a ladder of their own. Who may not change it reads it."""

    right, write_right = Right.READ, Right.MANAGE
    nav = "settings"
    template_name = "clients/ladder_form.html"
    title = "Who is told"
    client: Client | None = None
    held: Held
    known: dict[UUID, Person]

    def load(self, **kwargs: Any) -> None:
        self.held = ladder_of(self.client, by=self.actor)
        self.known = people()
        self.intro = self._intro()

    def _intro(self) -> str:
        if self.held.whose == "usual":
            return "Nobody has set a ladder yet, so the usual one holds. Saving makes it the agency's own."
        return f"Version {self.held.row.version}, by {self.held.row.created_by}." if self.held.row else ""

    def _owner(self) -> UUID | None:
        return self.client.pk if self.client else None

    def make_form(self, data: QueryDict | None) -> forms.Form:
        owner = self._owner()
        named = self.held.plan.members()
        members = [
            (person.id, person.name if person.is_here else f"{person.name} (left)")
            for person in self.known.values()
            if person.id in named or (person.can_see(owner) and (owner or person.clients is None))
        ]
        return LadderForm(data, plan=self.held.plan, warn_at=self._warn_at(), members=members)

    def _warn_at(self) -> list[int]:
        policy = match_sla_policies({self.client.pk})[self.client.pk] if self.client else sla_policy_of(None)
        return list(policy.warn_at) if policy else []

    def extra(self) -> dict[str, Any]:
        names = {person.id: person.name for person in self.known.values()}
        plan = self.held.plan
        may = self.actor.may_change(self._owner())
        own = self.held.whose == ("client" if self.client else "agency")
        return {
            "may_change": may,
            "steps": [step_words(step, names) for step in plan.steps],
            "rungs": [{"whom": rung_words(rung, names), "wait": rung.wait} for rung in plan.rungs],
            "again": plan.again,
            "tells_contacts": plan.tells_contacts,
            "gone": gone_from(plan, self.known, self._owner()),
            "reset_url": self._reset_url() if may and own else "",
        }

    def _reset_url(self) -> str:
        return reverse("ladder-reset")

    def cancel_url(self) -> str:
        return reverse("settings")

    def save(self, data: dict[str, Any]) -> str:
        assert isinstance(self.form, LadderForm)  # noqa: S101  (make_form says so)
        with renumbered(self.form.filled()):
            set_ladder(client=self.client, plan=self.form.asked(), by=self.actor, now=self.now)
        return self.cancel_url()


class ClientLadder(LadderPage):
    """The client's own; what is shown first is what holds for it now."""

    nav = "clients"
    client: Client

    def load(self, **kwargs: Any) -> None:
        self.client = get_client(kwargs["client_id"], by=self.actor)
        super().load(**kwargs)
        self.title = f"Who is told about {self.client.name}"

    def _intro(self) -> str:
        if self.held.whose == "client":
            return super()._intro()
        return f"{self.client.name} has the agency's ladder now. Saving gives it one of its own."

    def _reset_url(self) -> str:
        return reverse("client-ladder-reset", args=[self.client.pk])

    def cancel_url(self) -> str:
        return reverse("client-detail", args=[self.client.pk])


class ResetLadder(ConfirmPage):
    right = Right.MANAGE
    nav = "settings"
    title = "Back to the usual ladder"
    submit_label = "Go back"
    danger = False
    client: Client | None = None

    def load(self, **kwargs: Any) -> None:
        self.actor.require_client(None)
        self.sentence = "The agency's own ladder holds no longer, and the usual one does."
        self.consequence = "What is being climbed already goes on as it began."

    def cancel_url(self) -> str:
        return reverse("ladder")

    def act(self) -> str:
        reset_ladder(client=self.client, by=self.actor, now=self.now)
        self.said = "Back to the default."
        return self.cancel_url()


class ResetClientLadder(ResetLadder):
    nav = "clients"
    client: Client

    def load(self, **kwargs: Any) -> None:
        self.client = get_client(kwargs["client_id"], by=self.actor)
        self.title = f"Back to the agency's ladder for {self.client.name}"
        self.sentence = f"{self.client.name}'s own ladder holds no longer, and the agency's does."
        self.consequence = "What is being climbed already goes on as it began."

    def cancel_url(self) -> str:
        return reverse("client-ladder", args=[self.client.pk])

"""What was promised, to one client or to all, and whether the client is asked before a reply goes out."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse

from agency.rights import Right
from agency.web.fields import DurationText, Pick
from agency.web.form_pages import FormPage
from clients.actions.policies import DEFAULT_TARGETS, WARN_AT, set_approval_policy, set_sla_policy
from clients.models import ApprovalPolicy, Client, SlaPolicy
from clients.queries.clients import current_approval_policy, sla_policy_of
from clients.web.clients import OfClient
from clients.words import ClockKind, Priority

KINDS = (
    (ClockKind.CLAIM, "Claim within"),
    (ClockKind.RESPOND, "Respond within"),
    (ClockKind.DECIDE, "Client decides within"),
)
Targets = dict[tuple[Priority, ClockKind], timedelta]


def _name(priority: Priority, kind: ClockKind) -> str:
    return f"{priority.value}_{kind.value}"


class Percentages(forms.CharField):
    """ "50, 75, 90" as whole numbers; the action says whether they make sense."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> tuple[int, ...]:
        words = str(super().clean(value) or "").replace("%", " ").replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and len(word) <= 3 for word in words):
            raise ValidationError("Write whole percentages with commas between them: 50, 75, 90.")
        return tuple(int(word) for word in words)


class PromisesForm(forms.Form):
    """A field for each priority and kind of clock, and when to warn."""

    warn_at = Percentages(
        required=False,
        label="Warn when this much of the time is used, in per cent",
        help_text="Rising, with commas between them: 50, 75, 90. Leave it empty for no warnings.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attrs = {"autocomplete": "off", "size": "8"}
        for priority in Priority:
            for kind, words in KINDS:
                self.fields[_name(priority, kind)] = DurationText(
                    label=f"{priority.label}: {words.lower()}", widget=forms.TextInput(attrs=attrs)
                )

    def rows(self) -> list[dict[str, Any]]:
        """Priority → its bound fields, for a table."""
        return [{"priority": p.value, "fields": self._cells(p)} for p in Priority]

    def _cells(self, priority: Priority) -> list[dict[str, Any]]:
        return [{"column": words, "bound": self[_name(priority, kind)]} for kind, words in KINDS]

    def targets(self) -> Targets:
        return {(p, kind): self.cleaned_data[_name(p, kind)] for p in Priority for kind, _ in KINDS}


def targets_of(policy: SlaPolicy | None) -> Targets:
    """The policy's targets, or the defaults where there is none."""
    if policy is None:
        return dict(DEFAULT_TARGETS)
    return {(Priority(t.priority), ClockKind(t.kind)): t.target for t in policy.targets.all()}


class Promises(FormPage):
    """The agency's default: for every client without promises of its own."""

    right = Right.MANAGE
    nav = "settings"
    template_name = "clients/promises_form.html"
    form_class = PromisesForm
    title = "What we promise"
    intro = (
        "For every client without promises of its own. Times run around the clock. Clocks that run already keep what "
        "they were started with."
    )
    client: Client | None = None
    policy: SlaPolicy | None = None

    def load(self, **kwargs: Any) -> None:
        self.actor.require_all_clients()
        self.policy = sla_policy_of(None)

    def initial(self) -> dict[str, Any]:
        known = {_name(p, kind): target for (p, kind), target in targets_of(self.policy).items()}
        return {**known, "warn_at": self.policy.warn_at if self.policy else WARN_AT}

    def extra(self) -> dict[str, Any]:
        return {"columns": [words for _, words in KINDS]}

    def cancel_url(self) -> str:
        return reverse("settings")

    def save(self, data: dict[str, Any]) -> str:
        assert isinstance(self.form, PromisesForm)  # noqa: S101  (form_class says so)
        set_sla_policy(
            client=self.client,
            targets=self.form.targets(),
            warn_at=data["warn_at"],
            by=self.actor,
            now=self.now,
        )
        self.said = "Promised. New clocks start with these times."
        return self.cancel_url()


class ClientPromises(OfClient, Promises):
    """The client's own; what is shown first is what holds for it now."""

    nav = "clients"
    client: Client

    def load(self, **kwargs: Any) -> None:
        OfClient.load(self, **kwargs)
        own = sla_policy_of(self.client)
        self.policy = own or sla_policy_of(None)
        self.title = f"What we promise {self.client.name}"
        self.intro = (
            f"For {self.client.name} alone. Times run around the clock. Clocks that run already keep what they were "
            "started with."
            if own
            else f"{self.client.name} has the agency's default now. Saving gives it promises of its own."
        )


class ApprovalForm(forms.Form):
    asks = Pick(
        label="Before a reply goes out",
        choices=ApprovalPolicy.Asks.choices,
        widget=forms.RadioSelect,
        missing="Choose one of the two.",
    )


class ClientApproval(OfClient):
    form_class = ApprovalForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Approval by {self.client.name}"
        self.intro = (
            "Holds for replies that are submitted from now on. Requests that are open already stay open."
        )

    def initial(self) -> dict[str, Any]:
        return {"asks": current_approval_policy(self.client.pk).asks}

    def save(self, data: dict[str, Any]) -> str:
        set_approval_policy(client=self.client, asks=data["asks"], by=self.actor, now=self.now)
        return self.cancel_url()

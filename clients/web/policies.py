"""Whether the client is asked before a reply goes out."""

from typing import Any

from django import forms

from agency.web.fields import Pick
from clients.actions.policies import set_approval_policy
from clients.models import ApprovalPolicy
from clients.queries.clients import current_approval_policy
from clients.web.clients import OfClient


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

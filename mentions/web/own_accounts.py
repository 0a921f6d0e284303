"""The accounts that a client posts with itself: one a line."""

from typing import Any

from django import forms

from clients.web.clients import OfClient
from mentions.actions.own_accounts import MOST, set_own_accounts
from mentions.queries.own_accounts import list_own_accounts
from mentions.web.listening import Lines


class OwnAccountsForm(forms.Form):
    accounts = Lines(
        rows=8,
        required=False,
        label="Their accounts",
        help_text="One a line: the address of the account's own page, such as https://forum.example/users/brightwater."
        " A name alone counts only where a source gives no address, as anybody can take a name there."
        f" At most {MOST}.",
    )


class OwnAccounts(OfClient):
    form_class = OwnAccountsForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Own accounts: {self.client.name}"
        self.intro = (
            "What these accounts post is no mention of the client. Where they answer a mention, it counts as answered at"
            " the time of that answer."
        )

    def initial(self) -> dict[str, Any]:
        return {"accounts": [row.account for row in list_own_accounts(self.client, by=self.actor)]}

    def save(self, data: dict[str, Any]) -> str:
        set_own_accounts(client=self.client, accounts=data["accounts"], by=self.actor, now=self.now)
        self.said = "Saved. It holds from the next reading of the sources on."
        return self.cancel_url()

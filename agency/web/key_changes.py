"""API keys: made, changed, rotated and revoked."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.actions.key_rotation import end_old_secret, rotate_key
from agency.actions.keys import change_key, make_key, revoke_key
from agency.actions.limits import choose_clients
from agency.queries.keys import get_key, keys_made_by
from agency.web.form_pages import UNACCEPTABLE, ConfirmPage, FormPage
from agency.web.key_forms import ChangeKeyForm, KeyForm, RotateForm
from agency.web.keys import KeysPage
from agency.web.limits import ClientsField, offer_clients


class AddKey(KeysPage, FormPage):
    title = "Make a key"
    submit_label = "Make the key"

    def make_form(self, data: Any) -> forms.Form:
        return offer_clients(KeyForm(data, now=self.now), self.clients)

    def cancel_url(self) -> str:
        return reverse("keys")

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Its secret is in this answer alone: not in an address, a session or a cache."""
        form = KeyForm(request.POST, now=self.now)
        self.form = offer_clients(form, self.clients)
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        key, token = make_key(
            name=form.cleaned_data["name"],
            rights=form.cleaned_data["rights"],
            expires_at=form.expires_at,
            clients=choose_clients(form.cleaned_data.get("clients"), self.clients),
            rate=form.cleaned_data["rate"],
            by=self.actor,
            now=self.now,
        )
        return self.about(key.pk, token=token)


class OneKey(KeysPage, FormPage):
    key: Any

    def load(self, **kwargs: Any) -> None:
        self.key = get_key(kwargs["key_id"], by=self.actor, now=self.now)

    def cancel_url(self) -> str:
        return reverse("key", args=[self.key.pk])


class ChangeKey(OneKey):
    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Change “{self.key.name}”"
        self.said = "Saved. It holds from the program's next call on."

    def make_form(self, data: Any) -> forms.Form:
        form = ChangeKeyForm(data, key=self.key, initial=self.initial())
        held = self.key.client_ids
        form.fields["clients"] = ClientsField(
            help_text="It sees these clients only. Choose none for all."
            if held is None
            else "Clients can be taken away here, never added."
        )
        offered = {pk: name for pk, name in self.clients.items() if held is None or pk in held}
        form.order_fields(("name", "rights", "clients", "rate"))
        return offer_clients(form, offered)

    def initial(self) -> dict[str, Any]:
        key = self.key
        held = [str(client_id) for client_id in key.client_ids or ()]
        return {"name": key.name, "rights": key.rights, "rate": key.rate, "clients": held}

    def save(self, data: dict[str, Any]) -> str:
        changes = {"name": data["name"], "rights": data["rights"], "rate": data["rate"]}
        if "clients" in data:
            changes["client_ids"] = choose_clients(data["clients"], self.clients)
        change_key(self.key.pk, changes=changes, by=self.actor, now=self.now)
        return self.cancel_url()


class RotateKey(OneKey):
    submit_label = "Rotate it"
    intro = (
        "The key gets a new secret, and keeps its name, rights and history. Put the new secret in place of the old one"
        " while both work; nothing stops meanwhile."
    )

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Rotate “{self.key.name}”"

    def make_form(self, data: Any) -> forms.Form:
        return RotateForm(data, key=self.key, now=self.now)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The new secret is in this answer alone."""
        self.load(**kwargs)
        form = self.form = RotateForm(request.POST, key=self.key, now=self.now)
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        _, token = rotate_key(
            self.key.pk,
            overlap=form.overlap_length,
            ends=form.changes_end,
            expires_at=form.expires_at if form.changes_end else None,
            by=self.actor,
            now=self.now,
        )
        return self.about(self.key.pk, token=token, rotated=True)


class EndOldSecret(OneKey, ConfirmPage):
    submit_label = "End it now"
    consequence = "This can't be undone. The new secret works on."

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = "End the old secret"
        self.sentence = (
            f"Programs that still use the old secret of “{self.key.name}” are refused from now on."
        )

    def act(self) -> str:
        end_old_secret(self.key.pk, by=self.actor, now=self.now)
        self.said = "The old secret has ended."
        return self.cancel_url()


class RevokeForm(forms.Form):
    made_too = forms.BooleanField(required=False, initial=False)


class RevokeKey(OneKey, ConfirmPage):
    submit_label = "Revoke it"
    consequence = "This can't be undone. Make a new key if the program should go on."

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Revoke “{self.key.name}”"
        self.sentence = f"Programs that use the key “{self.key.name}” are refused from now on."

    def make_form(self, data: Any) -> forms.Form:
        form, made = RevokeForm(data), keys_made_by(self.key)
        if made:
            names = ", ".join(f"“{one.name}”" for one in made[:5])
            more = f" and {len(made) - 5} more" if len(made) > 5 else ""
            form.fields["made_too"].label = f"Also revoke what it made: {names}{more}"
            form.fields["made_too"].help_text = "Otherwise they go on without it."
        else:
            del form.fields["made_too"]
        return form

    def save(self, data: dict[str, Any]) -> str:
        made_too = data.get("made_too", False)
        stopped = revoke_key(self.key, made_too=made_too, by=self.actor, now=self.now)
        more = f", and {len(stopped) - 1} that it made" if len(stopped) > 1 else ""
        self.said = f"“{self.key.name}” is revoked{more}."
        return reverse("keys")

"""The playbook's pages."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.queries.paging import keyset
from agency.rights import Right
from agency.web.fields import CleanText, Pick, PickRow, offer
from agency.web.form_pages import ConfirmPage, FormPage
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from clients.actions.templates import FIELDS, add_template, archive_template, change_template
from clients.models import Template
from clients.queries.clients import get_client, get_template, list_clients, list_templates
from clients.words import ReplyKind

ROWS = 60
_SLOTS = "{author} becomes the author's name, {client} the client's, {me} the responder's."


class TemplateForm(forms.Form):
    name = CleanText(
        label="Name", max_length=120, missing="Give it a name.", help_text="What a responder looks for."
    )
    kind = Pick(
        label="Kind of reply", choices=ReplyKind.choices, initial=ReplyKind.OTHER, missing="Choose a kind."
    )
    text = CleanText(
        label="Text", max_length=5000, multiline=True, rows=8, missing="Write the text.", help_text=_SLOTS
    )


class NewTemplateForm(TemplateForm):
    client = PickRow(label="For", required=False)
    field_order = ["name", "client", "kind", "text"]


class Playbook(StaffPage):
    right = Right.READ
    nav = "playbook"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = keyset(
            list_templates(by=self.actor), by="name", kind="s", cursor=cursor_of(request), limit=ROWS
        )
        may = self.actor.may(Right.MANAGE)
        context = {
            "templates": [
                template_line(template, may_edit=self.actor.may_change(template.client_id))
                for template in page.rows
            ],
            "add_url": reverse("template-add") if may else "",
            **pager(request, page),
        }
        return self.page("clients/playbook_list.html", context)


def template_line(template: Template, *, may_edit: bool) -> dict[str, Any]:
    return {
        "name": template.name,
        "url": reverse("template-edit", args=[template.pk]) if may_edit else "",
        "kind_label": ReplyKind(template.kind).label,
        "text": template.text,
        "client_name": template.client.name if template.client else "",
    }


class AddTemplate(FormPage):
    right = Right.MANAGE
    nav = "playbook"
    form_class = NewTemplateForm
    title = "Add a template"
    intro = "A reply that you have thought about once. Responders start from it and make it personal."
    submit_label = "Add the template"

    def initial(self) -> dict[str, Any]:
        return {"client": self.request.GET.get("client", "")}

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = super().make_form(data)
        clients = list_clients(by=self.actor).order_by("name", "id").values_list("pk", "name")
        offer(form, "client", clients, none=None if self.actor.clients is not None else "All clients")
        return form

    def cancel_url(self) -> str:
        return reverse("playbook-list")

    def save(self, data: dict[str, Any]) -> str:
        client = get_client(data["client"], by=self.actor) if data["client"] else None
        words = {field: data[field] for field in FIELDS}
        add_template(client=client, **words, by=self.actor, now=self.now)
        self.said = f"“{data['name']}” is in the playbook."
        return reverse("client-detail", args=[client.pk]) if client else reverse("playbook-list")


class OfTemplate(FormPage):
    right = Right.MANAGE
    nav = "playbook"
    template: Template

    def load(self, **kwargs: Any) -> None:
        self.template = get_template(kwargs["template_id"], by=self.actor)
        self.actor.require_client(self.template.client_id)

    def cancel_url(self) -> str:
        return reverse("playbook-list")


class EditTemplate(OfTemplate):
    form_class = TemplateForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        owner = self.template.client
        self.title = f"Edit “{self.template.name}”"
        self.intro = f"Only for {owner.name}." if owner else "For all clients."

    def initial(self) -> dict[str, Any]:
        return {name: getattr(self.template, name) for name in FIELDS}

    def extra(self) -> dict[str, Any]:
        return {
            "remove_url": reverse("template-archive", args=[self.template.pk]),
            "remove_label": "Archive this template",
        }

    def save(self, data: dict[str, Any]) -> str:
        change_template(self.template, changes=data, by=self.actor, now=self.now)
        return self.cancel_url()


class ArchiveTemplate(OfTemplate, ConfirmPage):
    submit_label = "Archive it"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Archive “{self.template.name}”"
        self.sentence = "Nobody can start a reply from it any more."
        self.consequence = "Replies that were written from it stay as they are."

    def act(self) -> str:
        archive_template(self.template, by=self.actor, now=self.now)
        self.said = f"“{self.template.name}” is archived."
        return self.cancel_url()

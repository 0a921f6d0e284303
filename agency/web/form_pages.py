"""Pages that are one form, or one question."""

from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict

from agency.errors import DomainError, Invalid
from agency.web.views import StaffPage

# A form that was understood and can't be accepted as it is.
UNACCEPTABLE = 422


def put_errors(form: forms.Form, error: DomainError) -> None:
    """The domain's sentences beside the fields that they are about; else above the form."""
    for field, sentence in error.fields.items():
        form.add_error(field if field in form.fields else None, sentence)
    if not error.fields:
        form.add_error(None, error.message)


def status_of(error: DomainError) -> int:
    return UNACCEPTABLE if isinstance(error, Invalid) else error.status


class FormPage(StaffPage):
    """GET shows the form; POST saves and goes on, or shows it again with what was typed and what is wrong (422, 409)."""

    template_name: ClassVar[str] = "agency/form_page.html"
    form_class: ClassVar[type[forms.Form]] = forms.Form
    title: str = ""
    intro: str = ""
    submit_label: str = "Save"
    said: str = "Saved."
    form: forms.Form | None = None

    def load(self, **kwargs: Any) -> None:
        """Fetch what the address names. Runs again when the form is shown again after a rollback."""

    def initial(self) -> dict[str, Any]:
        return {}

    def make_form(self, data: QueryDict | None) -> forms.Form:
        return self.form_class(data, initial=self.initial())

    def cancel_url(self) -> str:
        raise NotImplementedError

    def save(self, data: dict[str, Any]) -> str:
        """Do it, and say where to go next."""
        raise NotImplementedError

    def extra(self) -> dict[str, Any]:
        """More for the template."""
        return {}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        return self.show(self.make_form(None))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        form = self.form = self.make_form(request.POST)
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        return self.done(self.save(form.cleaned_data), self.said)

    def refused(self, error: DomainError) -> HttpResponse:
        if self.form is None or error.status in {403, 404}:
            return super().refused(error)
        with self.inside(read_only=True):
            self.load(**self.kwargs)
            put_errors(self.form, error)
            return self.show(self.form, status=status_of(error))

    def show(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "title": self.title,
            "intro": self.intro,
            "submit_label": self.submit_label,
            "cancel_url": self.cancel_url(),
            **self.extra(),
        }
        return self.page(self.template_name, context, status=status)


class ConfirmPage(FormPage):
    """A question before something that can't be taken back lightly. POST does it."""

    template_name = "agency/confirm_page.html"
    sentence: str = ""
    consequence: str = ""
    danger: bool = True

    def act(self) -> str:
        """Do it, and say where to go next."""
        raise NotImplementedError

    def save(self, data: dict[str, Any]) -> str:
        return self.act()

    def extra(self) -> dict[str, Any]:
        return {"sentence": self.sentence, "consequence": self.consequence, "danger": self.danger}

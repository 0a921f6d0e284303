"""Forms that show what saving would do to the clocks that run, before it is done."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from agency.web.form_pages import UNACCEPTABLE, FormPage
from clients.models import Client
from clients.previewing import Effects, EffectsOf

# The name of the second button.
PREVIEW = "preview"


class Previewed(FormPage):
    """A form with a second button, “Show what changes”: `save` is done, looked at, and taken back.

    Its template includes `clients/_effects.html` and `clients/_preview_foot.html`. Without `effects`, which whoever
    puts the application together gives, there is no such button.
    """

    effects: EffectsOf | None = None
    shown: Effects | None = None

    def concerns(self) -> Client | None:
        """Whose clocks saving may move; None: those of all clients."""
        raise NotImplementedError

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        effects = self.effects
        if effects is None or PREVIEW not in request.POST:
            return super().post(request, **kwargs)
        self.load(**kwargs)
        form = self.form = self.make_form(request.POST)
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        self.shown = effects(
            lambda: self.save(form.cleaned_data), client=self.concerns(), by=self.actor, now=self.now
        )
        self.load(**kwargs)  # what saving changed of the rows that it held was taken back
        return self.show(form)

    def show(self, form: Any, *, status: int = 200) -> HttpResponse:
        self.form = form
        return super().show(form, status=status)

    def extra(self) -> dict[str, Any]:
        return {**super().extra(), "shown": self.shown, "can_preview": self.effects is not None}

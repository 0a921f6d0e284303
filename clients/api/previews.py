"""Views that can say what a change would do to the clocks that run, before it is made."""

from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from rest_framework.response import Response

from agency import clock
from agency.api.views import ApiView
from clients.api.effects import shown
from clients.models import Client
from clients.previewing import EffectsOf

LOOKS = "Nothing is changed. What saving at this moment would do to the clocks that run, counted exactly."


class Previewing(ApiView):
    effects: EffectsOf | None = None  # given by whoever puts the application together

    def previewed(self, change: Callable[[], object], client: Client | None) -> Response:
        if self.effects is None:
            raise ImproperlyConfigured(f"{type(self).__name__} can't preview without `effects`.")
        return Response(shown(self.effects(change, client=client, by=self.actor, now=clock.now())))

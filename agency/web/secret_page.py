"""The base of pages that a link alone opens: nobody is signed in, and the address itself is the secret."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


# No CSRF token, on purpose: the secret in the address is the only authority here, no cookie adds any, so another site
# that could forge the request would have to know the secret already. A token would only lock people out: with
# `no-referrer` browsers send `Origin: null`, which the check refuses, and mail programs' own browsers drop cookies.
@method_decorator(csrf_exempt, name="dispatch")
class SecretPage(View):
    """Takes the token from the address, and sets the headers that keep it secret."""

    http_method_names = ["get", "head", "post", "options"]
    token: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.token = kwargs["token"]
        response = super().dispatch(request, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

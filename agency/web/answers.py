"""The few kinds of answer that every page gives."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.template.loader import render_to_string
from django_htmx.http import HttpResponseClientRedirect

from agency.errors import DomainError

_WHAT_TO_DO = {
    403: "If you need it for your work, ask an owner of your agency.",
    404: "Check the address, or start again from the inbox.",
}


class SeeOther(HttpResponseRedirectBase):
    """After a POST: look there now. Reloading doesn't send the form again."""

    status_code = 303


def see_other(request: HttpRequest, url: str) -> HttpResponse:
    """`url` is one of our own. htmx would follow a plain redirect inside its swap, so it is told to go there."""
    if getattr(request, "htmx", None):
        return HttpResponseClientRedirect(url)
    return SeeOther(url)


def error_page(
    request: HttpRequest,
    *,
    status: int,
    title: str,
    sentence: str,
    what_to_do: str = "",
    code: int | None = None,
    back_url: str = "/",
    back_label: str = "",
) -> HttpResponse:
    """The page for what went wrong. Rendered without context processors, so that it needs no database."""
    context: dict[str, Any] = {
        "request": request,  # for the theme's cookie
        "code": code,
        "title": title,
        "sentence": sentence,
        "what_to_do": what_to_do,
        "back_url": back_url,
        "back_label": back_label,
        "request_id": request.META.get("HTTP_X_REQUEST_ID", ""),
    }
    return HttpResponse(render_to_string("agency/error.html", context), status=status)


def refusal_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    return error_page(
        request,
        status=error.status,
        title=error.title,
        sentence=error.message,
        what_to_do=_WHAT_TO_DO.get(error.status, ""),
        code=error.status,
    )

"""Pages for what went wrong outside of any view of ours; under /api/ the same as problem details.

None of them touches the database: it may be what went wrong.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from agency.problem_types import title_of
from agency.web.answers import error_page


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(
        request,
        status=400,
        code="bad_request",
        title="That request couldn't be read",
        sentence="Something in the address or in what was sent is not as it should be.",
        what_to_do="Go back and try again. If you followed a link, it may have lost a piece.",
    )


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(
        request,
        status=403,
        code="forbidden",
        title="Not allowed",
        sentence="This isn't open to you.",
        what_to_do="Ask an owner or a manager of your agency if you need it.",
    )


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(
        request,
        status=404,
        code="not_found",
        title="There is nothing here",
        sentence="There is nothing here with that address, or it isn't yours to see.",
        what_to_do="Check the address, or start again from the inbox.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(
        request,
        status=500,
        code="server_error",
        title="Something broke on our side",
        sentence="Your last step may not have been saved. Nothing was half done: it was kept whole or not at all.",
        what_to_do="Wait a minute, go back, and look whether it is there before you try again.",
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open while its cookie went: signed out in another tab, or cookies are blocked."""
    return _answer(
        request,
        status=403,
        code="csrf_failed",
        title="This form is too old",
        sentence="For your safety it was not accepted: it was opened before you last signed in, or your browser blocks cookies.",
        what_to_do="Go back, copy what you typed, reload the page and send it again.",
    )


def _answer(
    request: HttpRequest, *, status: int, code: str, title: str, sentence: str, what_to_do: str
) -> HttpResponse:
    if request.path.startswith("/api/"):
        problem = {
            "type": f"urn:earshot:problem:{code}",
            "title": title_of(code),
            "status": status,
            "detail": sentence,
            "code": code,
            "request_id": request.META.get("HTTP_X_REQUEST_ID", ""),
        }
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    return error_page(
        request, status=status, title=title, sentence=sentence, what_to_do=what_to_do, code=status
    )

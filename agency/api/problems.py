"""Errors as problem details (RFC 9457): type, title, status, detail, and our `code`, `errors` and `request_id`."""

from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from agency.api.parsers import TooLarge
from agency.errors import DomainError
from agency.problem_types import title_of

MEDIA_TYPE = "application/problem+json"
# What the document says of each status; a problem's own title is its type's.
TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "No such format",
    409: "Somebody was quicker",
    410: "That is gone",
    412: "It has changed since you saw it",
    413: "Too large",
    415: "Unsupported media type",
    422: "This key was used for another call",
    428: "Say which version you saw",
    429: "Too many requests",
    500: "Something broke on our side",
}


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    title: str = "",
    errors: list[dict[str, str]] | None = None,
    request_id: str = "",
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:earshot:problem:{code}",
        "title": title or title_of(code),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = errors
    return body


def problem_page(request: HttpRequest, *, status: int, code: str, detail: str) -> HttpResponse:
    """A problem from where no API view is reached."""
    request_id = request.META.get("HTTP_X_REQUEST_ID", "")
    body = problem(status=status, code=code, detail=detail, request_id=request_id)
    return HttpResponse(orjson.dumps(body), status=status, content_type=MEDIA_TYPE)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: an answer for every error, the unforeseen ones too."""
    request_id = context["request"].META.get("HTTP_X_REQUEST_ID", "")
    if isinstance(error, DomainError):
        body = problem_of(error, request_id)
        return Response(body, status=error.status, content_type=MEDIA_TYPE, headers=dict(error.headers))
    known = _as_api_exception(error)
    if known is None:
        return _unforeseen(context, request_id)
    answer = exception_handler(known, context)
    if answer is None:
        return None
    invalid = isinstance(known, exceptions.ValidationError)
    answer.data = problem(
        status=known.status_code,
        code="invalid" if invalid else _code(known),
        detail="Some fields are wrong; see errors." if invalid else str(known.detail),
        errors=_field_errors(known.detail) if invalid else None,
        request_id=request_id,
    )
    answer.content_type = MEDIA_TYPE
    return answer


def _code(known: exceptions.APIException) -> str:
    if isinstance(known, exceptions.PermissionDenied):
        # DRF's own word for a missing CSRF token is a sentence.
        return "csrf_failed" if "CSRF" in str(known.detail) else "forbidden"
    return str(known.default_code)


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError("The request isn't one that we take.")
    return None


def problem_of(error: DomainError, request_id: str) -> dict[str, Any]:
    """The body that tells of an error."""
    errors = [
        {"pointer": f"/{name}", "detail": sentence, "code": error.code}
        for name, sentence in error.fields.items()
    ]
    return problem(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.message,
        errors=errors,
        request_id=request_id,
    )


def _unforeseen(context: dict[str, Any], request_id: str) -> Response:
    # As Django does for pages: the log, error trackers and the test client listen to this signal.
    got_request_exception.send(sender=type(context["view"]), request=context["request"]._request)
    detail = "It was noted. Try again, and if it stays, tell us the request_id."
    body = problem(status=500, code="server_error", detail=detail, request_id=request_id)
    return Response(body, status=500, content_type=MEDIA_TYPE)


def _field_errors(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """A serializer's nested errors as JSON pointers with sentences."""
    if isinstance(detail, dict):
        found = []
        for key, value in detail.items():
            step = str(key).replace("~", "~0").replace("/", "~1")
            found += _field_errors(value, pointer if key == "non_field_errors" else f"{pointer}/{step}")
        return found
    if isinstance(detail, list):
        found = []
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            found += _field_errors(value, f"{pointer}/{index}" if nested else pointer)
        return found
    code = str(getattr(detail, "code", "invalid"))
    return [{"pointer": pointer, "detail": str(detail), "code": code}]

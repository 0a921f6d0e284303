"""Errors as problem details (RFC 9457): type, title, status, detail, and our `code`, `errors` and `request_id`."""

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from agency.errors import DomainError

log = structlog.get_logger("earshot.api")

_TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "No such format",
    413: "Too large",
    415: "Unsupported media type",
    429: "Too many requests",
}


def problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    request_id: str = "",
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:earshot:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = errors
    return body


def _field_errors(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """A serializer's nested errors as JSON pointers with sentences."""
    if isinstance(detail, dict):
        found = []
        for key, value in detail.items():
            here = pointer if key == "non_field_errors" else f"{pointer}/{key}"
            found += _field_errors(value, here)
        return found
    if isinstance(detail, list):
        found = []
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            found += _field_errors(value, f"{pointer}/{index}" if nested else pointer)
        return found
    return [{"pointer": pointer, "detail": str(detail), "code": str(getattr(detail, "code", "invalid"))}]


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    request = context["request"]
    request_id = request.META.get("HTTP_X_REQUEST_ID", "")
    if isinstance(error, DomainError):
        errors = [{"pointer": f"/{f}", "detail": s, "code": error.code} for f, s in error.fields.items()]
        body = problem(
            status=error.status,
            code=error.code,
            title=error.title,
            detail=error.message,
            errors=errors,
            request_id=request_id,
        )
        return Response(body, status=error.status, content_type="application/problem+json")
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    answer = exception_handler(error, context)
    if answer is None or not isinstance(error, exceptions.APIException):
        return answer
    invalid = isinstance(error, exceptions.ValidationError)
    code = "invalid" if invalid else str(getattr(error, "default_code", "error"))
    detail = "Some fields are wrong; see errors." if invalid else str(error.detail)
    answer.data = problem(
        status=error.status_code,
        code=code,
        title=_TITLES.get(error.status_code, "That can't be done"),
        detail=detail,
        errors=_field_errors(error.detail) if invalid else None,
        request_id=request_id,
    )
    answer.content_type = "application/problem+json"
    return answer

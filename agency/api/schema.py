"""What the document of the API says about each call: its name, its example, and every error that it can answer."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_serializer

from agency.api.problems import MEDIA_TYPE, TITLES
from agency.api.serializers import Input

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_TEXT = {"type": "string"}
_SCHEMAS = {
    "Fault": {
        "type": "object",
        "description": "One thing that is wrong with what was sent.",
        "properties": {
            "pointer": {
                **_TEXT,
                "description": "A JSON pointer into the body, or a slash and the query parameter's name.",
            },
            "detail": _TEXT,
            "code": _TEXT,
        },
        "required": ["pointer", "detail", "code"],
    },
    "Problem": {
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "properties": {
            "type": {**_TEXT, "description": "`urn:earshot:problem:` and the code."},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": {**_TEXT, "description": "A sentence for people."},
            "code": {**_TEXT, "description": "Stable, for programs."},
            "request_id": {
                **_TEXT,
                "description": "As in the header X-Request-ID. Name it when you ask for help.",
            },
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
        },
        "required": ["type", "title", "status", "detail", "code", "request_id"],
    },
}
# Status → the name of its answer in the document, and an example of a code and a sentence.
_ERRORS = {
    400: ("Invalid", "invalid", "Some fields are wrong; see errors."),
    401: ("SignInFirst", "not_authenticated", "Authentication credentials were not provided."),
    403: ("NotAllowed", "forbidden", "This needs the right “respond”."),
    404: ("NotFound", "not_found", "There is nothing here with that address, or it isn't yours to see."),
    406: ("NoSuchFormat", "not_acceptable", "Could not satisfy the request Accept header."),
    409: ("Conflict", "mention_moved_on", "Ben claimed it 4 s ago."),
    413: ("TooLarge", "too_large", "The body is larger than 1 MB."),
    415: ("NotJson", "unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
}


def _answer(status: int) -> dict[str, Any]:
    _, code, detail = _ERRORS[status]
    body: dict[str, Any] = {
        "type": f"urn:earshot:problem:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e55",
    }
    if status == 400:
        body["errors"] = [{"pointer": "/name", "detail": "This field is required.", "code": "required"}]
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema, "examples": {"Example": {"value": body}}}}
    return {"description": f"{TITLES[status]}.", "content": content}


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: the answers that calls refer to."""
    components = result["components"]
    components["schemas"] = dict(sorted({**components["schemas"], **_SCHEMAS}.items()))
    components["responses"] = {_ERRORS[status][0]: _answer(status) for status in _ERRORS}
    return result


class Schema(AutoSchema):
    """Adds each view's query parameters, and the errors that follow from its method, path and right."""

    view: Any

    def get_description(self) -> str:  # type: ignore[override]
        return ""  # not the view's docstring, which is for who writes views

    def get_override_parameters(self) -> Any:
        filters = getattr(self.view, "filters", {}).get(self.view.action)
        return [filters] if filters else []

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        return str(super().get_serializer_name(serializer, direction)).removesuffix("Output")

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name.removesuffix('Output')}Page"

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status in self._errors():
            bodies[str(status)] = {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}
        return bodies

    def _errors(self) -> list[int]:
        handler = getattr(self.view, self.view.action)
        sends = bool(self.method in {"POST", "PUT", "PATCH"} and self.get_request_serializer())
        needs_right = self.view.rights[self.view.action] is not None
        possible = {
            400: True,
            401: True,
            403: needs_right or self.method != "GET",
            404: "{" in self.path,
            406: True,
            409: getattr(handler, "conflicts", False),
            413: sends,
            415: sends,
        }
        return [status for status, is_possible in possible.items() if is_possible]

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        mapped = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, Input) or (isinstance(serializer, type) and issubclass(serializer, Input)):
            mapped["additionalProperties"] = False
        return mapped


def operation(
    name: str,
    summary: str,
    *,
    takes: type[Input] | None = None,
    gives: Any = None,
    status: int | tuple[int, str] = 200,
    conflicts: bool = False,
    description: str = "",
) -> Callable[[Decorated], Decorated]:
    """Document a handler.

    Args:
        name: the operation's id, such as `claim_mention`: what a generated client calls it.
        takes, gives: the bodies' serializers; `gives` absent: nothing is answered.
        status: of the answer, with its media type where that isn't JSON.
        conflicts: whether 409 is possible.
    """
    answer = gives if gives is not None else OpenApiResponse(description="Done; there is nothing to say.")

    def documented(handler: Decorated) -> Decorated:
        decorated: Decorated = extend_schema(
            operation_id=name,
            summary=summary,
            description=description,
            request=takes,
            responses={status: answer},
        )(handler)
        decorated.conflicts = conflicts  # type: ignore[attr-defined]
        return decorated

    return documented


def example(value: dict[str, Any]) -> Callable[[Any], Any]:
    """Give a serializer its example, which every call that takes or gives it then shows."""
    shown = OpenApiExample("Example", value=value, status_codes=["200", "201", "202"])
    return extend_schema_serializer(examples=[shown])

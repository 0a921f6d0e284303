"""What the document of the API says about each call: its name, its example, and every error that it can answer."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)

from agency.api.idempotency import HEADER, LONGEST, REPLAYED
from agency.api.locations import DOCUMENTED
from agency.api.preferences import APPLIED, MINIMAL
from agency.api.preferences import HEADER as PREFER
from agency.api.problems import MEDIA_TYPE, TITLES
from agency.api.serializers import Input
from agency.problem_types import title_of

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
    410: ("Gone", "events_gone", "What followed 7 was deleted for its age, up to 900."),
    412: ("Stale", "mention_moved_on", "Ben claimed it 4 s ago."),
    413: ("TooLarge", "too_large", "The body is larger than 1 MB."),
    415: ("NotJson", "unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    422: ("KeyReused", "idempotency_key_reused", "This Idempotency-Key was sent with another call before."),
    428: ("NameWhatYouSaw", "precondition_required", "Send If-Match with the ETag that you got."),
    500: (
        "ServerError",
        "server_error",
        "It was noted. Try again, and if it stays, tell us the request_id.",
    ),
    429: ("TooMany", "rate_limited", "That were more than 600 calls within a minute. Go on in 12 s."),
}
# Of errors that live above this.
_TITLES = {"mention_moved_on": "This mention has moved on"}
# What is said of an answer besides its title.
_MORE = {
    409: " Also where the first call with the same Idempotency-Key is under way: then `Retry-After` says when to send it"
    " again.",
    412: " If-Match names another version than there is now. Nothing was done.",
    422: " Nothing was done.",
    428: " Nothing was done.",
    429: " Nothing was done; `Retry-After` says when to go on.",
}
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_DONE = [200, 201, 202, 204]
_ONCE = [
    OpenApiParameter(
        HEADER,
        {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"^[\x21-\x7e]+$"},
        OpenApiParameter.HEADER,
        description="Makes the call safe to send again: the same key with the same method, path, query, If-Match and body"
        " does nothing twice, and is answered as the first time, for 24 hours. A call that was refused did nothing and isn't"
        " kept: sent again, it runs anew. Choose a new random key, such as a UUID, for each new call.",
        examples=[OpenApiExample("Example", value="4f1c9d0e-7f0b-4c7a-9a53-0e0d7c1f6b1a")],
    ),
    OpenApiParameter(
        REPLAYED,
        {"type": "string", "enum": ["true"]},
        OpenApiParameter.HEADER,
        response=_DONE,
        description="The stored answer of the first call with this Idempotency-Key.",
    ),
]
_TAG = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 201, 204],
    description='The version that there is now, such as `"3"`, for If-Match.',
)
_MINIMAL = [
    OpenApiParameter(
        PREFER,
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description=f"How you would rather be answered (RFC 7240). With `{MINIMAL}` the answer is 204, without a body, and"
        " sooner: its ETag is all that the next call needs. Without it, with `return=representation`, and with anything that"
        " isn't known here, it is as usual. A call that is sent again with its Idempotency-Key is answered as the first time,"
        " whatever it prefers now.",
        examples=[
            OpenApiExample("Minimal", value=MINIMAL),
            OpenApiExample("As usual", value="return=representation"),
        ],
    ),
    OpenApiParameter(
        APPLIED,
        {"type": "string", "enum": [MINIMAL]},
        OpenApiParameter.HEADER,
        response=[204],
        required=True,
        description="What you preferred, and got.",
    ),
    OpenApiParameter(
        "Vary",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        response=[200, 204],
        required=True,
        description=f"`{PREFER}`: to another one the answer would have been another.",
    ),
]
_NOTHING = OpenApiResponse(description="Done; there is nothing to say.")
_AS_PREFERRED = OpenApiResponse(
    description=f"Done, with `Prefer: {MINIMAL}`: nothing but the new version is said."
)
IfMatch = Literal["required", "version", "optional"]


def _if_match(how: IfMatch) -> OpenApiParameter:
    instead = (
        " Instead of it, `version` in the body will do; then a stale one is answered with 409."
        if how == "version"
        else ""
    )
    return OpenApiParameter(
        "If-Match",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        required=how == "required",
        description=f"The ETag of what you saw. If it has changed since, nothing is done and the answer is 412.{instead}",
        examples=[OpenApiExample("Example", value='"3"')],
    )


def _answer(status: int) -> dict[str, Any]:
    _, code, detail = _ERRORS[status]
    body: dict[str, Any] = {
        "type": f"urn:earshot:problem:{code}",
        "title": _TITLES.get(code) or title_of(code),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e55",
    }
    if status == 400:
        body["errors"] = [{"pointer": "/name", "detail": "This field is required.", "code": "required"}]
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema, "examples": {"Example": {"value": body}}}}
    answer: dict[str, Any] = {"description": f"{TITLES[status]}.{_MORE.get(status, '')}", "content": content}
    if status == 409:
        waits = {"description": "In how many seconds to send it again.", "schema": {"type": "integer"}}
        answer["headers"] = {"Retry-After": waits}
    return answer


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
        handler = getattr(self.view, self.view.action)
        matches = getattr(handler, "if_match", None)
        return [
            *([filters] if filters else []),
            *(_ONCE if self.method in UNSAFE else []),
            *([_if_match(matches)] if matches else []),
            *([_TAG] if getattr(handler, "tagged", False) else []),
            *(_MINIMAL if getattr(handler, "minimal", False) else []),
        ]

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        return str(super().get_serializer_name(serializer, direction)).removesuffix("Output")

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name.removesuffix('Output')}Page"

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status in self._errors():
            bodies[str(status)] = {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}
        if "201" in bodies:
            bodies["201"].setdefault("headers", {}).update(DOCUMENTED)
        return bodies

    def _resolve_path_parameters(self, variables: Any) -> Any:
        found = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in found:
            noun = parameter["name"].removesuffix("_id").replace("_", " ")
            parameter.setdefault("description", f"The {noun}'s id.")
        return found

    def _errors(self) -> list[int]:
        handler = getattr(self.view, self.view.action)
        sends = bool(self.method in {"POST", "PUT", "PATCH"} and self.get_request_serializer())
        possible = {
            400: True,
            401: True,
            403: True,  # a member whose agency asks for more than a password is refused everywhere
            404: "{" in self.path,
            406: True,
            409: self.method in UNSAFE or getattr(handler, "conflicts", False),
            412: bool(getattr(handler, "if_match", None)),
            413: sends,
            415: sends,
            422: self.method in UNSAFE,
            428: getattr(handler, "if_match", None) not in {None, "optional"},
            429: True,
            500: True,
        }
        expected = {status for status, is_possible in possible.items() if is_possible}
        return sorted(expected.union(getattr(handler, "also", ())))

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
    if_match: IfMatch | None = None,
    tagged: bool = False,
    minimal: bool = False,
    also: tuple[int, ...] = (),
    description: str = "",
) -> Callable[[Decorated], Decorated]:
    """Document a handler.

    Args:
        name: the operation's id, such as `claim_mention`: what a generated client calls it.
        takes, gives: the bodies' serializers; `gives` absent: nothing is answered.
        status: of the answer, with its media type where that isn't JSON.
        conflicts: whether 409 is possible for its own reasons.
        if_match: whether it takes If-Match: `required`, or `version`: that or the body's `version`, or `optional`.
        tagged: whether its answer has an ETag.
        minimal: whether it says nothing but that to who prefers it.
        also: further statuses that it can answer with.
    """
    answer = gives if gives is not None else _NOTHING

    def documented(handler: Decorated) -> Decorated:
        decorated: Decorated = extend_schema(
            operation_id=name,
            summary=summary,
            description=description,
            request=takes,
            responses={status: answer, **({204: _AS_PREFERRED} if minimal else {})},
        )(handler)
        for told, value in (
            ("conflicts", conflicts),
            ("if_match", if_match),
            ("tagged", tagged),
            ("minimal", minimal),
            ("also", also),
        ):
            setattr(decorated, told, value)
        return decorated

    return documented


def example(value: dict[str, Any]) -> Callable[[Any], Any]:
    """Give a serializer its example, which every call that takes or gives it then shows."""
    shown = OpenApiExample("Example", value=value, status_codes=["200", "201", "202"])
    return extend_schema_serializer(examples=[shown])

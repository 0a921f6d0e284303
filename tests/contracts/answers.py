"""Holds every answer of the API against its document: the status is documented there, and the body is as described."""

import re
from functools import cache
from typing import Any

import orjson
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from agency.api.docs import document

PREFIX = "/api/v1/"


@cache
def described() -> dict[str, Any]:
    """The document, with objects closed: a field that isn't documented is a fault."""
    found: dict[str, Any] = orjson.loads(document("json"))
    for schema in found["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return found


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path) for path in described()["paths"]
    ]


def check_answer(method: str, path: str, answer: Any) -> None:
    """Raises: AssertionError, unless the document describes this answer."""
    if not path.startswith(PREFIX) or method == "HEAD":
        return
    template = next((name for pattern, name in _paths() if pattern.fullmatch(path.partition("?")[0])), "")
    operation = described()["paths"].get(template, {}).get(method.lower())
    if operation is None:
        assert answer.status_code in {401, 404, 405}, f"{method} {path} isn't in the document"
        _check_body(answer, _component("#/components/responses/NotFound"))
        return
    documented = operation["responses"].get(str(answer.status_code))
    assert documented is not None, f"{method} {template} answered {answer.status_code}: {answer.content!r}"
    _check_body(answer, documented)


def _check_body(answer: Any, documented: dict[str, Any]) -> None:
    content = _component(documented.get("$ref", documented)).get("content")
    if content is None:
        assert answer.content == b""
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind in content, f"{kind} isn't documented"
    if "json" not in kind:
        return
    if kind == "application/problem+json":
        assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    validator(content[kind]["schema"]).validate(answer.json())


def _component(reference: Any) -> dict[str, Any]:
    if not isinstance(reference, str):
        return dict(reference)
    found: Any = described()
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def validator(schema: dict[str, Any]) -> OAS31Validator:
    """Of a schema that refers to the document's components."""
    return OAS31Validator(
        {**schema, "components": described()["components"]}, format_checker=oas31_format_checker
    )

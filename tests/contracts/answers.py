"""Holds every call of the API against its document, both ways.

What is answered is documented: its status, its headers, and its body without a field more. And what a call with a good
answer had sent is documented too: no parameter or field works that outsiders aren't told of.
"""

import re
from collections.abc import Mapping
from functools import cache, wraps
from typing import Any
from urllib.parse import parse_qs

import orjson
from django.test import Client
from django.test.client import FakePayload
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from agency.api.docs import document

PREFIX = "/api/v1/"
# Headers that mean something to programs: where one is answered, the document has to say so.
MEANINGFUL = (
    *("ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy"),
    *("Idempotent-Replayed", "Preference-Applied"),
)
# Headers that a call may need, or that change what it does.
TAKEN = ("If-Match", "Idempotency-Key")
NUMBERS = {"integer": int, "number": float}
NOTHING = b""


def watch() -> None:
    """From now on every call of the API by Django's test client is checked, whichever test makes it."""
    plain = Client.request

    @wraps(plain)
    def watched(self: Client, **environ: Any) -> Any:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PREFIX):
            return plain(self, **environ)
        body = environ["wsgi.input"].read() if "wsgi.input" in environ else NOTHING
        if body:
            environ["wsgi.input"] = FakePayload(body)
        answer = plain(self, **environ)
        if query := environ.get("QUERY_STRING"):
            path = f"{path}?{query}"
        method = str(environ["REQUEST_METHOD"])
        check_answer(method, path, answer)
        check_request(method, path, body, {name: _header(environ, name) for name in TAKEN}, answer)
        return answer

    setattr(Client, "request", watched)  # noqa: B010  (mypy knows no other way to replace a method)


def _header(environ: Mapping[str, Any], name: str) -> str | None:
    value: str | None = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
    return value


@cache
def described() -> dict[str, Any]:
    """The document, with objects closed: a field that isn't documented is a fault."""
    found: dict[str, Any] = orjson.loads(document("json"))
    for schema in found["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return found


def _plainest_first() -> list[str]:
    """An address that is written out goes before one that has a parameter in that place."""
    paths: list[str] = sorted(described()["paths"], key=lambda path: path.count("{"))
    return paths


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path) for path in _plainest_first()]


def template_of(path: str) -> str:
    """The document's path of an address; empty where it knows none."""
    found = path.partition("?")[0]
    return next((name for pattern, name in _paths() if pattern.fullmatch(found)), "")


def operation_at(method: str, path: str) -> dict[str, Any] | None:
    operation: dict[str, Any] | None = described()["paths"].get(template_of(path), {}).get(method.lower())
    return operation


def check_answer(method: str, path: str, answer: Any) -> None:
    """Raises: AssertionError, unless the document describes this answer."""
    if not path.startswith(PREFIX) or method == "HEAD":
        return
    operation = operation_at(method, path)
    if operation is None:
        assert answer.status_code in {401, 404, 405, 429}, f"{method} {path} isn't in the document"
        _check_body(answer, _component("#/components/responses/NotFound"))
        return
    where = f"{method} {template_of(path)}"
    documented = operation["responses"].get(str(answer.status_code))
    assert documented is not None, f"{where} answered {answer.status_code}: {answer.content!r}"
    documented = _component(documented.get("$ref", documented))
    _check_headers(where, answer, documented.get("headers", {}))
    _check_body(answer, documented)


def check_request(
    method: str, path: str, body: bytes, headers: Mapping[str, str | None], answer: Any
) -> None:
    """Raises: AssertionError, where something worked that the document doesn't describe."""
    operation = operation_at(method, path)
    if operation is None or not 200 <= answer.status_code < 300:
        return
    where = f"{method} {template_of(path)}"
    parameters = {
        (found["in"], found["name"].lower() if found["in"] == "header" else found["name"]): found
        for found in operation.get("parameters", [])
    }
    for name, values in parse_qs(path.partition("?")[2], keep_blank_values=True).items():
        documented = parameters.get(("query", name))
        assert documented, f"{where} takes ?{name}, which isn't documented"
        _check_value(f"{where} ?{name}", documented["schema"], values)
    for name, value in headers.items():
        documented = parameters.get(("header", name.lower()))
        if value is not None and documented:
            _check_value(f"{where} {name}", documented["schema"], [value])
        assert value is not None or not documented or not documented.get("required"), (
            f"{where} needs no {name}"
        )
    _check_sent(where, operation.get("requestBody"), body)


def _check_sent(where: str, documented: dict[str, Any] | None, body: bytes) -> None:
    sent = orjson.loads(body) if body else None
    if documented is None:
        assert not sent, f"{where} takes a body, which isn't documented: {sent!r}"
        return
    if not body:
        assert not documented.get("required"), f"{where} needs a body by the document, and took none"
        return
    faults = [
        f"{error.json_path}: {error.message}"
        for error in validator(documented["content"]["application/json"]["schema"]).iter_errors(sent)
    ]
    assert not faults, f"{where} took what its document refuses: {faults}"


def _check_headers(where: str, answer: Any, documented: dict[str, Any]) -> None:
    known = {name.lower(): _component(header.get("$ref", header)) for name, header in documented.items()}
    for name in MEANINGFUL:
        assert name not in answer.headers or name.lower() in known, (
            f"{where} {answer.status_code}: {name} isn't documented"
        )
    for name, header in known.items():
        value = answer.headers.get(name)
        assert value is not None or not header.get("required"), f"{where} {answer.status_code} lacks {name}"
        if value is not None:
            _check_value(f"{where} {answer.status_code} {name}", header["schema"], [value])


def _check_value(where: str, schema: dict[str, Any], values: list[str]) -> None:
    """A parameter's or header's text, read as the document says that it is to be read."""
    whole = _component(schema.get("$ref", schema))
    if whole.get("type") == "array":
        values = [part for value in values for part in value.split(",") if part]
        read: Any = [_read(_component(whole["items"].get("$ref", whole["items"])), value) for value in values]
    else:
        read = _read(whole, values[-1])
    faults = [error.message for error in validator(schema).iter_errors(read)]
    assert not faults, f"{where}: {faults}"


def _read(schema: dict[str, Any], text: str) -> Any:
    kinds = [schema.get("type")] if isinstance(schema.get("type"), str) else schema.get("type") or []
    for kind in kinds:
        if kind in NUMBERS:
            try:
                return NUMBERS[kind](text)
            except ValueError:
                pass
        if kind == "boolean" and text in {"true", "false"}:
            return text == "true"
    return text


def _check_body(answer: Any, documented: dict[str, Any]) -> None:
    content = documented.get("content")
    if content is None:
        assert answer.content == b""
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind in content, f"{kind} isn't documented"
    if kind != "application/json" and not kind.endswith("+json"):
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

"""Bodies and filters of the API as its document describes them, and the ids that they hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from agency.api.docs import document

# Fields and filters that hold an id, but aren't called after what it is of.
OF = {
    "assignee": "member",
    "actor": "member",
    "subject": "mention",
    "recipient": "member",
    "after": "event",
    "before": "event",
}
# Fields that hold a uuid, but nobody's id.
NO_ID: frozenset[str] = frozenset()


@cache
def described() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(document("json"))
    return found


@dataclass(frozen=True)
class Body:
    """What an operation takes: its example, and where in it ids stand."""

    example: Mapping[str, Any]
    ids: tuple[tuple[str, bool], ...]  # name of the field, and whether it holds several

    def filled(self, ids: Mapping[str, UUID], *, only: str = "", whole: bool = False) -> dict[str, Any]:
        """The example with its ids being these. `only` names one field that is filled even where it was empty; with
        `whole` they all are."""
        body = dict(self.example)
        for name, several in self.ids:
            if name == only or (not only and (whole or body.get(name))):
                one = str(ids[param(name)])
                body[name] = [one] if several else one
        return body


@dataclass(frozen=True)
class Filter:
    path: str
    name: str


def param(name: str) -> str:
    """`client`, `client_id` and `clients` are all `client_id`."""
    stem = name.removesuffix("_ids").removesuffix("_id")
    return f"{OF.get(stem, OF.get(stem.removesuffix('s'), stem.removesuffix('s')))}_id"


@cache
def bodies() -> dict[tuple[str, str], Body]:
    """(method, path of the document) → body."""
    found = {}
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                (example,) = [dict(e["value"]) for e in list(content["examples"].values())[:1]]
                found[method.upper(), path] = Body(example, tuple(_ids(content["schema"])))
    return found


def filters() -> Iterator[Filter]:
    """Every query parameter that can be an id."""
    for path, methods in described()["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query" and (
                _holds_ids(parameter["schema"]) is not None or parameter["name"] in OF
            ):
                yield Filter(path, parameter["name"])


def _ids(schema: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for name, inner in _resolved(schema).get("properties", {}).items():
        several = _holds_ids(inner)
        if several is not None and name not in NO_ID:
            yield name, several


def _holds_ids(schema: dict[str, Any]) -> bool | None:
    """None: not an id; else whether it holds several."""
    whole = _resolved(schema)
    if whole.get("format") == "uuid":
        return False
    if "items" in whole and _resolved(whole["items"]).get("format") == "uuid":
        return True
    for choice in [*whole.get("anyOf", []), *whole.get("oneOf", []), *whole.get("allOf", [])]:
        if (found := _holds_ids(choice)) is not None:
            return found
    return None


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Any = described()
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)

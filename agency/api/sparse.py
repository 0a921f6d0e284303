"""Sparse answers: `?fields=id,client.name` gives what is named and nothing else, and nothing else is read for it.

The names are those of the answer as it is documented. The document says of each call that takes `fields` that its
answer may be a part (`add_parts`).
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.serializers import BaseSerializer

from agency.api.serializers import Several, Text
from agency.errors import Invalid

MOST_FIELDS = 100
Tree = Mapping[str, Any]


class Fields(Several):
    """The query parameter."""

    def __init__(self) -> None:
        super().__init__(
            child=Text(max_length=100),
            required=False,
            allow_empty=False,
            max_length=MOST_FIELDS,
            help_text="Only these fields, such as `id,state,client.name`; a name alone stands for all below it. Absent:"
            " everything. Less is read then, too.",
        )


def leaves(output: type[BaseSerializer[Any]] | BaseSerializer[Any], *, under: str = "") -> Iterator[str]:
    """The dotted names of an answer's fields; a list is one."""
    form = output() if isinstance(output, type) else output
    for name, field in getattr(form, "fields", {}).items():
        if isinstance(field, serializers.Serializer):
            yield from leaves(field, under=f"{under}{name}.")
        else:
            yield f"{under}{name}"


def asked_leaves(asked: Collection[str] | None, known: Collection[str]) -> tuple[str, ...]:
    """Those of `known` that are asked for, in its order; all where nothing is.

    Raises:
        Invalid: what isn't known is named.
    """
    if not asked:
        return tuple(known)
    wanted: set[str] = set()
    for name in asked:
        below = {leaf for leaf in known if leaf == name or leaf.startswith(f"{name}.")}
        if not below:
            raise Invalid.field("fields", f"There is no field “{name}” in this answer.")
        wanted |= below
    return tuple(leaf for leaf in known if leaf in wanted)


def tree(names: Collection[str]) -> dict[str, Any]:
    """Dotted names as nested dictionaries; {} at the end of each."""
    found: dict[str, Any] = {}
    for name in names:
        level = found
        for step in name.split("."):
            level = level.setdefault(step, {})
    return found


def pruned(value: Any, wanted: Tree) -> Any:
    """What of a nested answer is wanted."""
    if not wanted or not isinstance(value, dict):
        return value
    return {name: pruned(value[name], below) for name, below in wanted.items() if name in value}


# The document ---------------------------------------------------------------------------------------------

PART = "Part"


def add_parts(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: where `fields` is taken, the answer is the whole or a part of it."""
    components = result["components"]["schemas"]
    for methods in result["paths"].values():
        for operation in methods.values():
            if any(parameter["name"] == "fields" for parameter in operation.get("parameters", ())):
                holder, key = _answer(operation, components)
                name = holder[key]["$ref"].rpartition("/")[2]
                holder[key] = {"anyOf": [holder[key], {"$ref": _part(name, components)}]}
    return result


def _answer(operation: dict[str, Any], components: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Where the answer's reference stands: in the answer itself, or, of a list, in its page."""
    content = operation["responses"]["200"]["content"]["application/json"]
    page = components[content["schema"]["$ref"].rpartition("/")[2]]
    if "results" in page.get("properties", {}):
        return page["properties"]["results"], "items"
    return content, "schema"


def _part(name: str, components: dict[str, Any]) -> str:
    """The component of a part of this one, made when it is first needed: nothing is required in it, at no depth."""
    part = f"{name}{PART}"
    if part not in components:
        components[part] = {}  # so that one that holds itself ends
        schema = copy.deepcopy(components[name])
        schema.pop("required", None)
        schema["properties"] = {key: _loose(inner, components) for key, inner in schema["properties"].items()}
        components[part] = schema
    return f"#/components/schemas/{part}"


def _loose(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """References to objects as references to their parts; the items of a list stay whole."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"$ref": _part(name, components)} if "properties" in components[name] else schema
    for word in ("allOf", "oneOf", "anyOf"):
        if word in schema:
            return {**schema, word: [_loose(choice, components) for choice in schema[word]]}
    return schema

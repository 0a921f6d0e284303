"""Names that clients of the API's document are generated with: one for each thing, and none that a tool made up."""

from collections.abc import Iterator
from typing import Any

# Of components whose own names say too little without their module around them.
BETTER = {
    "Default": "DefaultCalendar",
    "DefaultInput": "DefaultCalendarInput",
    "Named": "Reference",
    "State": "MentionState",
    "Turn": "MentionTurn",
    "Read": "SourceRead",
    "ReadPage": "SourceReadPage",
    "Query": "ListeningQuery",
    "QueryInput": "ListeningQueryInput",
    "Block": "AuthorBlock",
    "BlockPage": "AuthorBlockPage",
    "Asks": "ApprovalAsks",
    "Audit": "AuditEntry",
    "AuditPage": "AuditEntryPage",
    "Due": "DueTime",
    "Tried": "ChannelTrial",
    "Tested": "IdentityProviderTrial",
    "Provider": "IdentityProvider",
    "ProviderInput": "IdentityProviderInput",
}
REF, NULL = "#/components/schemas/", "NullEnum"


def tidy(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: parts get their better names, and parameters refer to the enumerations that bodies use."""
    schemas = result["components"]["schemas"]
    names = {name: new for name in schemas if (new := _better(name)) != name and new not in schemas}
    if len(set(names.values())) < len(names):
        raise ValueError(f"Two parts of the API's document would have one name: {sorted(names.values())}")
    result["components"]["schemas"] = dict(
        sorted((names.get(name, name), schema) for name, schema in schemas.items())
    )
    _refer(result, {REF + old: REF + new for old, new in names.items()})
    _say_null(result)
    known = {
        tuple(schema["enum"]): REF + name
        for name, schema in result["components"]["schemas"].items()
        if "enum" in schema
    }
    for parameter in _parameters(result):
        schema = parameter["schema"]
        if "items" in schema:
            schema["items"] = _named(schema["items"], known)
        else:
            parameter["schema"] = _named(schema, known)
    return result


def _better(name: str) -> str:
    """What only a part of is sent (PATCH) are changes."""
    if name.startswith("Patched"):
        whole = name.removeprefix("Patched")
        return (
            f"{whole.removesuffix('Input').removesuffix('Change')}Changes"
            if whole.endswith("Input")
            else whole
        )
    return BETTER.get(name, name)


def _refer(part: Any, names: dict[str, str]) -> None:
    if isinstance(part, dict):
        if part.get("$ref") in names:
            part["$ref"] = names[part["$ref"]]
        for inner in part.values():
            _refer(inner, names)
    elif isinstance(part, list):
        for inner in part:
            _refer(inner, names)


def _say_null(result: dict[str, Any]) -> None:
    """What may be null says so itself, instead of naming a part that holds null alone."""
    if result["components"]["schemas"].pop(NULL, None) is not None:
        _replace(result, {"$ref": REF + NULL}, {"type": "null"})


def _replace(part: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
    for key, inner in part.items() if isinstance(part, dict) else enumerate(part):
        if inner == old:
            part[key] = dict(new)
        elif isinstance(inner, dict | list):
            _replace(inner, old, new)


def _parameters(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in result["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if "schema" in parameter:
                    yield parameter


def _named(schema: dict[str, Any], known: dict[tuple[Any, ...], str]) -> dict[str, Any]:
    reference = known.get(tuple(schema.get("enum", ())))
    return {"$ref": reference} if reference and "default" not in schema else schema

"""One way to say a thing, over the whole API: rules that hold for every call that the document describes.

Who has read one page of the document can guess the others: that is what these rules are for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.contracts.bodies import described

SNAKE, KEBAB = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"), re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

# Moments that are no `…_at`.
MOMENTS = {
    "at": "of what is nothing but an event, or what was asked about",
    "since": "of a period",
    "until": "of a period",
    "from": "of a period of open time",
    "effective_from": "the beginning of what a version says",
    "not_before": "of a notice that waits",
    "needed_by": "of a request",
    "failing_since": "of a stretch that goes on",
    "timestamp": "Standard Webhooks' word for when it happened",
}
# Fields that end like the id of something and are none.
NO_ID = {
    "client_id": "OpenID Connect's word for what a provider calls us",
    "request_id": "of a call, in problems",
    "author_id": "beside the author's name, in a post that is told in a line",
}
# Left out where there is nothing to say: of problems, and of items that failed.
SOMETIMES = {"errors"}
# Nouns that are told by {id, name} or by the id alone, wherever they stand.
NOUNS = (
    *("agency", "client", "mention", "member", "assignee", "contact", "source", "calendar", "rota"),
    *("erasure", "post", "created_by_key"),
)
# Which have no fixed length in seconds.
DAYS = {"keep_days", "asked_days", "turn_days"}
# What is stopped stays, and is told as it is then.
STOPPING = {"stop_webhook_replay", "end_old_secret"}
# What a page says besides.
ALSO = {"list_events": ["last"]}
# What only Earshot says.
FACTS = frozenset(
    ("id", "created_at", "created_by", "state", "number", "digest", "hash", "failures", "last_used_at")
)


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    operation: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def name(self) -> str:
        return str(self.operation["operationId"])

    @property
    def takes(self) -> dict[str, Any] | None:
        body = self.operation.get("requestBody")
        return resolved(next(iter(body["content"].values()))["schema"]) if body else None

    @property
    def gives(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(status, schema) of each good answer in JSON."""
        for status, answer in self.operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if status < "3" and content:
                yield status, resolved(content["schema"])


def calls() -> Iterator[Call]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield Call(method.upper(), path, operation)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    return resolved(described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])


def kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What it may be: a schema that may be null is given as what it is else."""
    whole = resolved(schema)
    choices = [*whole.get("anyOf", ()), *whole.get("oneOf", ()), *whole.get("allOf", ())]
    return [kind for choice in choices for kind in kinds(choice)] if choices else [whole]


def fields(
    schema: dict[str, Any], seen: frozenset[int] = frozenset()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a body, at any depth."""
    for kind in kinds(schema):
        if id(kind) in seen:
            continue
        for name, inner in kind.get("properties", {}).items():
            yield name, inner
            yield from fields(inner, seen | {id(kind)})
        if "items" in kind:
            yield from fields(kind["items"], seen | {id(kind)})


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    for call in calls():
        if call.takes:
            yield f"{call} takes", call.takes
        for status, schema in call.gives:
            yield f"{call} {status}", schema


def is_moment(schema: dict[str, Any]) -> bool:
    return any(kind.get("format") == "date-time" for kind in kinds(schema))


def is_id(schema: dict[str, Any]) -> bool:
    return any(kind.get("format") == "uuid" for kind in kinds(schema))


# Addresses -------------------------------------------------------------------------------------------------


def test_addresses_are_nouns_and_verbs_in_kebab_case_and_end_with_a_slash() -> None:
    wrong = []
    for path in described()["paths"]:
        *steps, end = path.removeprefix("/api/v1/").split("/")
        fine = (KEBAB.fullmatch(step) or re.fullmatch(r"{[a-z_]+_id}", step) for step in steps)
        if end or not all(fine):
            wrong.append(path)
    assert wrong == []


def test_every_parameter_is_described_and_every_id_in_an_address_is_a_uuid() -> None:
    wrong = []
    for call in calls():
        for parameter in call.operation.get("parameters", ()):
            name, where = parameter["name"], parameter["in"]
            told = SNAKE.fullmatch(name) or where == "header"
            if not (parameter.get("description") and told):
                wrong.append(f"{call}: {name}")
            if where == "path" and parameter["schema"].get("format") != "uuid":
                wrong.append(f"{call}: {name} isn't a uuid")
    assert wrong == []


def test_operations_are_called_verb_and_noun() -> None:
    assert [call.name for call in calls() if not re.fullmatch(r"[a-z]+(_[a-z]+)+", call.name)] == []


# Methods ---------------------------------------------------------------------------------------------------


def test_a_list_is_a_page_of_results_with_the_address_of_the_next() -> None:
    wrong = []
    for call in calls():
        pages = [
            schema.get("properties", {}).keys()
            for _, schema in call.gives
            if "results" in schema.get("properties", {})
        ]
        is_list = call.method == "GET" and call.name.startswith("list_")
        wanted = {"results", "next", *ALSO.get(call.name, ())}
        if bool(pages) != is_list or any(page != wanted for page in pages if is_list):
            wrong.append(str(call))
    assert [name for name in wrong if not name.startswith("POST")] == []


def test_a_page_takes_a_cursor_and_a_limit_unless_it_is_whole() -> None:
    """What has no cursor says that it is all on one page."""
    wrong = []
    for call in calls():
        if call.name.startswith("list_"):
            names = {parameter["name"] for parameter in call.operation.get("parameters", ())}
            whole = "on one page" in call.operation.get("description", "")
            if whole == bool({"cursor", "after"} & names):
                wrong.append(str(call))
    assert wrong == []


def test_what_is_made_says_where_it_is_and_can_be_read_there() -> None:
    wrong = []
    for call in calls():
        made = call.operation["responses"].get("201")
        if made is None:
            continue
        if call.method != "POST" or "Location" not in made.get("headers", {}):
            wrong.append(str(call))
        ((_, schema),) = [one for one in call.gives if one[0] == "201"]
        if not is_id(schema["properties"]["id"]):
            wrong.append(f"{call}: without an id")
    assert wrong == []


def test_durations_are_in_seconds_unless_days_of_a_calendar_are_meant() -> None:
    wrong = {
        f"{where}: {name}"
        for where, schema in bodies()
        for name, _ in fields(schema)
        if re.search(r"_(ms|minutes|hours|days|weeks)$", name) and name not in DAYS
    }
    assert wrong == set()


def test_what_is_deleted_leaves_nothing_to_say() -> None:
    wrong = []
    for call in calls():
        if call.name in STOPPING:
            continue
        good = {status for status in call.operation["responses"] if status < "3"}
        if (call.method == "DELETE") != (good == {"204"}):
            wrong.append(f"{call}: {good}")
        if call.method in {"GET", "DELETE"} and call.takes:
            wrong.append(f"{call} takes a body")
    assert wrong == []


def test_a_patch_names_what_it_changes_and_a_put_the_whole() -> None:
    patches = [call for call in calls() if call.method == "PATCH"]
    assert [str(call) for call in patches if (call.takes or {}).get("required")] == []
    reads = {call.path for call in calls() if call.method == "GET"}
    # What is put is read there, or as a field of what it belongs to.
    unread = [
        str(call)
        for call in calls()
        if call.method == "PUT" and not {call.path, re.sub(r"[^/]+/$", "", call.path)} & reads
    ]
    assert unread == []


# Fields ----------------------------------------------------------------------------------------------------


def test_fields_are_in_snake_case_and_ids_are_called_by_their_noun() -> None:
    wrong = set()
    for where, schema in bodies():
        for name, _ in fields(schema):
            if not SNAKE.fullmatch(name) or (name.endswith(("_id", "_ids", "_uuid")) and name not in NO_ID):
                wrong.add(f"{where}: {name}")
    assert wrong == set()


def test_ids_are_uuids() -> None:
    assert {where for where, schema in bodies() for name, inner in fields(schema) if name == "id" and not is_id(inner)} == set()  # fmt: skip


def test_moments_are_called_at_and_nothing_else_is() -> None:
    wrong = set()
    for where, schema in bodies():
        for name, inner in fields(schema):
            if is_moment(inner) and not name.endswith(("_at", "_until")) and name not in MOMENTS:
                wrong.add(f"{where}: {name}")
            if name.endswith("_at") and not is_moment(inner) and name not in WARNINGS:
                wrong.add(f"{where}: {name}")
    assert wrong == set()


# Percentages at which a promise warns.
WARNINGS = {"warn_at"}


def test_who_and_what_is_told_by_its_id_or_by_its_id_and_name() -> None:
    wrong = set()
    for where, schema in bodies():
        for name, inner in fields(schema):
            if name not in NOUNS:
                continue
            for kind in kinds(inner):
                named = "id" in kind.get("properties", {})
                if not (is_id(kind) or named or kind.get("type") == "null" or kind.get("enum") == [None]):
                    wrong.add(f"{where}: {name}")
    assert wrong == set()


def test_choices_are_words() -> None:
    wrong = {
        f"{where}: {name} {choice}"
        for where, schema in bodies()
        for name, inner in fields(schema)
        for kind in kinds(inner)
        for choice in kind.get("enum", ())
        if choice is not None and not re.fullmatch(r"[a-z0-9]+([_.-][a-z0-9]+)*", str(choice))
    }
    assert wrong == set()
    assert [name for name in described()["components"]["schemas"] if re.search(r"(?<!Null)Enum$", name)] == []


def test_what_only_earshot_says_is_taken_from_nobody() -> None:
    wrong = [
        f"{call}: {name}"
        for call in calls()
        for name in (call.takes or {}).get("properties", {})
        if name in FACTS
    ]
    assert wrong == []


def test_what_comes_in_is_closed_and_what_goes_out_is_always_there() -> None:
    """A field that holds nothing is null, or empty; it is never left out."""
    wrong = set()
    for call in calls():
        if call.takes and call.takes.get("additionalProperties") is not False:
            wrong.add(f"{call} takes what it doesn't know")
        if any(parameter["name"] == "fields" for parameter in call.operation.get("parameters", ())):
            continue  # whoever asks says which fields are there
        for status, schema in call.gives:
            for kind in _objects(schema):
                if left_out := kind["properties"].keys() - set(kind.get("required", ())) - SOMETIMES:
                    wrong.add(f"{call} {status}: {sorted(left_out)}")
    assert wrong == set()


def _objects(schema: dict[str, Any], seen: frozenset[int] = frozenset()) -> Iterator[dict[str, Any]]:
    for kind in kinds(schema):
        if id(kind) in seen:
            continue
        if "properties" in kind:
            yield kind
            for inner in kind["properties"].values():
                yield from _objects(inner, seen | {id(kind)})
        if "items" in kind:
            yield from _objects(kind["items"], seen | {id(kind)})

"""Every event that the code tells is declared, and every declared one is told."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from agency.actions.events import make_event
from agency.api.docs import document
from agency.event_types import EventType, UndeclaredEvent, event_types, register
from agency.events_shown import shown, shown_example
from agency.models import Agency
from agency.tenancy import tenant
from mentions.models import Mention
from tests.fixtures import FRIDAY_EVENING

ROOT = Path(__file__).resolve().parents[2]
TELLING = {"emit", "make_event"}
NAME = re.compile(r"[a-z_]+\.[a-z_]+")
# What tells an event whose type it is handed: the types stand elsewhere in the same file.
HANDED = {"clients/actions/ladders.py", "clients/actions/calendars.py", "workflows/actions/clock_rows.py"}


def _told() -> Iterator[tuple[str, str]]:
    """(file, pattern of the types) for each call that tells an event."""
    for app in ("agency", "clients", "mentions", "workflows"):
        for file in sorted((ROOT / app).rglob("*.py")):
            path = str(file.relative_to(ROOT))
            text = file.read_text()
            if not any(f"{name}(" in text for name in TELLING):
                continue
            tree = ast.parse(text)
            for node in ast.walk(tree):
                if not (
                    isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TELLING
                ):
                    continue
                if path == "agency/actions/events.py":
                    continue
                yield from ((path, pattern) for pattern in _patterns(path, tree, node.args[0]))


def _patterns(path: str, tree: ast.Module, said: ast.expr) -> list[str]:
    if isinstance(said, ast.Constant):
        return [re.escape(str(said.value))]
    if isinstance(said, ast.JoinedStr):
        return [
            "".join(
                re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z_]+" for p in said.values
            )
        ]
    assert path in HANDED, f"{path}:{said.lineno}: the type of the event isn't said here"
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return [re.escape(text) for text in texts if text in event_types()]


def test_what_the_code_tells_is_declared_and_what_is_declared_is_told() -> None:
    told = set(_told())
    undeclared = {
        (path, pattern)
        for path, pattern in told
        if not any(re.fullmatch(pattern, name) for name in event_types())
    }
    untold = {name for name in event_types() if not any(re.fullmatch(pattern, name) for _, pattern in told)}
    assert (undeclared, untold) == (set(), set())


def test_types_are_nouns_with_what_happened_and_say_it_in_a_sentence() -> None:
    wrong = [
        one.name
        for one in event_types().values()
        if not NAME.fullmatch(one.name) or not one.says.endswith(".")
    ]
    assert wrong == []


def test_an_event_that_nobody_declared_or_with_other_fields_is_refused(agency: Agency, inside: None) -> None:
    for name, data in (
        ("agency.exploded", {}),
        ("agency.changed", {}),
        ("agency.changed", {"changed": [], "x": 1}),
    ):
        with pytest.raises(UndeclaredEvent):
            make_event(name, subject=agency, now=FRIDAY_EVENING, data=data)
    with pytest.raises(UndeclaredEvent, match="declared twice"):
        register(EventType("agency.changed", "Something else.", {}))
    with pytest.raises(UndeclaredEvent, match="has id already"):
        register(EventType("agency.exploded", "It is gone.", {"id": 1}))


def test_the_document_has_a_webhook_for_each_type_and_its_examples_are_like_real_ones(
    mention: Mention,
) -> None:
    found = orjson.loads(document("json"))
    assert set(found["webhooks"]) == set(event_types())
    OpenAPIV31SpecValidator(found).validate()
    data = {"url": "https://a.example/1", "direct": True}
    with tenant(mention.agency_id):
        event = make_event("mention.client_wrote", subject=mention, now=FRIDAY_EVENING, data=data)
    real, example = shown(event, number=7), shown_example(event_types()["mention.client_wrote"])
    assert real.keys() == example.keys()
    assert real["data"].keys() == example["data"].keys()
    assert real["timestamp"] == "2026-03-06T17:04:00Z"
    assert orjson.loads(orjson.dumps(real)) == real

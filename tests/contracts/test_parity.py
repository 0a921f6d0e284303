"""Whatever a page does, an operation of the API does too: held against the URL map, the document, and the pages' forms."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.urls import resolve
from selectolax.lexbor import LexborHTMLParser

from agency import clock as the_clock
from agency.tenancy import tenant
from config.page_urls import urlpatterns
from mentions.models import Mention
from mentions.words import State
from tests.contracts.bodies import described
from tests.contracts.callers import Plain, sign_in
from tests.contracts.doors import guarded
from tests.contracts.parity import PAGES, Key
from tests.contracts.world import World, make_world
from tests.fixtures import FRIDAY_EVENING
from workflows.actions.moves import claim_mention


@cache
def operations() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for methods in described()["paths"].values()
        for operation in methods.values()
    }


def pages() -> set[Key]:
    """Every page's name, with GET where it shows something and POST where it does something."""
    return {
        (str(page.name), method.upper())
        for page in urlpatterns
        for method in ("get", "post")
        if hasattr(page.callback.view_class, method)  # type: ignore[attr-defined]
    }


def test_every_page_is_mapped_to_operations_or_has_a_reason() -> None:
    assert pages() - PAGES.keys() == set()


def test_no_page_is_mapped_that_there_isnt() -> None:
    assert PAGES.keys() - pages() == set()


def test_every_operation_that_a_page_is_mapped_to_exists() -> None:
    named = {name for does in PAGES.values() for name in does.operations}
    assert named - operations().keys() == set()
    assert [key for key, does in PAGES.items() if bool(does.operations) == bool(does.why_not)] == []


# Forms -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), transaction.atomic():
        patch.setattr(the_clock, "now", lambda: FRIDAY_EVENING)
        made = make_world("parity", now=FRIDAY_EVENING)
        with tenant(made.agency_id):
            new = Mention.objects.filter(pk__in=filter(None, made.one.versions), state=State.NEW).first()
            # On its page somebody writes the reply.
            claim_mention(new.pk, by=made.owner, seen=new.version, now=FRIDAY_EVENING)
        yield made
        transaction.set_rollback(True)


def shown(world: World) -> Iterator[tuple[str, bytes]]:
    """The owner's pages, those of a mention for each of the world's mentions; an excuse's as who didn't ask for it."""
    owner, manager = Plain(), Plain()
    sign_in(owner, world.owner)
    sign_in(manager, world.members["manager"])
    for door in guarded():
        if door.is_api or door.method != "GET":
            continue
        browser = manager if "excuse_id" in door.names else owner
        for mention_id in filter(None, world.one.versions) if "mention_id" in door.names else [None]:
            path = door.path(**{**world.names(), "mention_id": mention_id})
            answer = browser.get(path)
            if answer.status_code == 200 and not answer.streaming:
                yield path, answer.content


@pytest.fixture(scope="module")
def sent(world: World) -> dict[Key, set[str]]:
    """Page and method → every field that some form sends there."""
    found: dict[Key, set[str]] = {}
    for path, page in shown(world):
        tree = LexborHTMLParser(page.decode())
        for form in tree.css("form"):
            method = (form.attributes.get("method") or "get").upper()
            there = urlsplit(form.attributes.get("action") or path).path or path
            # Also what stands elsewhere on the page and belongs to it.
            apart = tree.css(f'[form="{form.attributes["id"]}"]') if form.attributes.get("id") else []
            names = {node.attributes.get("name") or "" for node in [*form.css("[name]"), *apart]}
            name = resolve(there).url_name or ""
            found.setdefault((name, method), set()).update(names - {"csrfmiddlewaretoken", ""})
    return {key: names for key, names in found.items() if key in PAGES}


_CELL = re.compile(r"(urgent|high|normal|low)_(claim|respond|decide|publish)(_hours)?")


def called(name: str) -> list[str]:
    """What a form's field is called in a body: `layers/0/at` is `at`, `high_claim_hours` the hours of `high`, `claim`."""
    last = name.rpartition("/")[2]
    cell = _CELL.fullmatch(last)
    return [part.strip("_") for part in cell.groups() if part] if cell else [last]


def taken(key: Key) -> set[str]:
    """What the operations of a page take, in bodies (at any depth), queries and addresses."""
    return {name for operation in PAGES[key].operations for name in _taken(operations()[operation])}


def _taken(operation: dict[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        yield parameter["name"]
    for body in operation.get("requestBody", {}).get("content", {}).values():
        yield from _names(body["schema"])


def _names(schema: Any) -> Iterator[str]:
    if "$ref" in schema:
        schema = described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from _names(inner)
    for part in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(part, ()):
            yield from _names(inner)
    if "items" in schema:
        yield from _names(schema["items"])


def test_every_field_of_a_form_is_a_field_of_an_operation(sent: dict[Key, set[str]]) -> None:
    missing = []
    for key, names in sent.items():
        does = PAGES[key]
        if does.operations:
            known = taken(key) | does.without.keys()
            wanted = {name: [does.fields.get(part, part) for part in called(name)] for name in names}
            missing += [f"{key}: {name}" for name in sorted(names) if not known.issuperset(wanted[name])]
    assert not missing, "\n".join(missing)


def test_no_exception_is_stale(sent: dict[Key, set[str]]) -> None:
    seen = {key: {part for name in names for part in called(name)} for key, names in sent.items()}
    stale = [
        f"{key}: {name}"
        for key, does in PAGES.items()
        for name in (*does.fields, *does.without)
        if name not in seen.get(key, set())
    ]
    assert not stale, "\n".join(stale)

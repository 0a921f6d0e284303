"""Looking changes nothing: GET, HEAD and OPTIONS of every address, as whoever may look, on the database's own count."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from agency.models import ApiKey
from tests.contracts.callers import Caller, make_caller
from tests.contracts.doors import routes
from tests.contracts.world import World
from tests.fixtures import FRIDAY_EVENING

Worlds = tuple[World, World]
_NAMED = re.compile(r"(?<!\?P)<(?:\w+:)?(\w+)>")
LOOKS = [
    *(("member:owner", method) for method in ("GET", "HEAD", "OPTIONS")),
    *(("anonymous", method) for method in ("GET", "OPTIONS")),
    ("key:all", "GET"),
]
# Addresses where looking writes, and where: each with its reason.
WRITES = {
    "accounts/2fa/totp/activate/": (
        "django_session",
        "the new secret waits in the session for its first code",
    ),
    "accounts/2fa/webauthn/add/": ("django_session", "the challenge waits in the session for its answer"),
}
# A key's last use is noted to the minute, whatever it was used for; nothing else of it changes.
NOTED = ("last_used_at", "last_used_from")


def written() -> dict[str, tuple[int, ...]]:
    """Rows inserted, updated and deleted in this transaction so far, by table, as the database counts them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        counts = {name: tuple(numbers) for name, *numbers in cursor.fetchall()}
        cursor.execute(
            "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public'"
        )
        return counts | {name: (value,) for name, value in cursor.fetchall()}


def addresses(caller: Caller) -> Iterator[tuple[str, str]]:
    """(route, path) of every address, with our own ids; a contact's are opened with a living link."""
    ids: dict[str, Any] = {**caller.home.names(), "token": caller.home.one.tokens["live"], "move": "claim"}
    for route, _ in routes():
        if route.startswith("api/v1/") or not caller.token:
            path = _NAMED.sub(lambda found: str(ids.get(found[1], "nothing")), route)
            # Patterns that are spelt as regular expressions: anything of their shape.
            path = re.sub(r"\(\?P.*\)", "x-y", path)
            yield route, "/" + re.sub(r"[\\^$?]", "", path)


def changes(caller: Caller, method: str, path: str) -> list[Any]:
    before = written()
    caller.knock(method, path, is_api=path.startswith("/api/"))
    return sorted(written().items() - before.items())


@pytest.mark.parametrize(("name", "method"), LOOKS)
def test_looking_changes_no_row(name: str, method: str, worlds: Worlds) -> None:
    caller = make_caller(name, *worlds, now=FRIDAY_EVENING)
    changed = {}
    for route, path in addresses(caller):
        tables = {table for table, _ in changes(caller, method, path)} - {WRITES.get(route, ("",))[0]}
        if tables:
            changed[route] = tables
    assert changed == {}


def test_a_change_would_be_seen(worlds: Worlds) -> None:
    caller = make_caller("member:owner", *worlds, now=FRIDAY_EVENING)
    path = f"/clients/{worlds[0].one.ids['client_id']}/archive/"
    assert changes(caller, "GET", path) == []
    tables = {name for name, _ in changes(caller, "POST", path)}
    assert {"clients_client", "agency_auditentry"} <= tables


def test_a_keys_use_is_noted_once_a_minute_and_changes_nothing_else(worlds: Worlds) -> None:
    caller = make_caller("key:all", *worlds, now=FRIDAY_EVENING)
    keys = ApiKey.objects.filter(agency_id=caller.home.agency_id).order_by("pk")
    with transaction.atomic():
        keys.update(last_used_at=FRIDAY_EVENING - timedelta(hours=1))
        before: list[dict[str, Any]] = [dict(row) for row in keys.values()]
        once = changes(replace(caller), "GET", "/api/v1/me/")
        assert [name for name, _ in once] == ["agency_apikey"]
        caller.browser.get("/api/v1/me/", headers={"authorization": f"Bearer {caller.token}"})
        after: list[dict[str, Any]] = [dict(row) for row in keys.values()]
        for was, now in zip(before, after, strict=True):
            assert {name for name in was if was[name] != now[name]} <= set(NOTED)
        assert changes(caller, "GET", "/api/v1/me/") == []
        transaction.set_rollback(True)

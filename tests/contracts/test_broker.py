"""Nothing of what an agency's people read or write is ever in the broker or the cache: ids and times only."""

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.conf import settings
from redis import Redis

from agency.actions.alarms import sweep
from agency.models import Alarm
from config.celery import app
from tests.contracts.callers import make_caller
from tests.contracts.doors import guarded
from tests.contracts.world import World
from tests.fixtures import FRIDAY_EVENING

Worlds = tuple[World, World]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def broker() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as connection:
        yield connection


def held(broker: Redis) -> Iterator[tuple[str, bytes]]:
    """(key, value) of everything, whatever its type."""
    for key in broker.scan_iter():
        kind = broker.type(key).decode()
        values: Any = {
            "string": lambda key=key: [broker.get(key)],
            "list": lambda key=key: broker.lrange(key, 0, -1),
            "set": lambda key=key: broker.smembers(key),
            "zset": lambda key=key: broker.zrange(key, 0, -1),
            "hash": lambda key=key: [part for pair in broker.hgetall(key).items() for part in pair],
        }[kind]()
        yield from ((key.decode(), value or b"") for value in values)


def readable(value: bytes) -> str:
    """With what is packed inside as base64."""
    text = value.decode("latin-1")
    packed = []
    for found in re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text):
        try:
            packed.append(base64.b64decode(found).decode("latin-1"))
        except ValueError:
            continue
    return " ".join([text, *packed]).lower()


def tasks(broker: Redis) -> Iterator[tuple[str, Any]]:
    """(name, arguments) of every message that waits."""
    for key, value in held(broker):
        if broker.type(key) == b"list":
            message = orjson.loads(value)
            yield message["headers"]["task"], orjson.loads(base64.b64decode(message["body"]))[:2]


def test_what_waits_for_the_workers_is_ids(committed_worlds: Worlds, broker: Redis) -> None:
    app.set_current()
    for mark in {world.mark for world in committed_worlds}:
        assert not [key for key, value in held(broker) if mark in readable(value)]
    waiting = Alarm.objects.count()
    assert waiting > 10
    sweep(now=FRIDAY_EVENING + timedelta(days=30))
    agencies = {str(world.agency_id) for world in committed_worlds}
    found = [(name, given) for name, given in tasks(broker) if set(given[0]) & agencies]
    assert {"deliver.notice", "collect.source"} <= {name for name, _ in found}
    for name, (args, kwargs) in found:
        assert kwargs == {}, name
        assert all(UUID.fullmatch(arg) for arg in args), (name, args)
    leaks = [
        key for world in committed_worlds for key, value in held(broker) if world.mark in readable(value)
    ]
    assert leaks == []


def test_the_cache_holds_nothing_of_what_pages_show(committed_worlds: Worlds, broker: Redis) -> None:
    caller = make_caller("member:owner", *committed_worlds, now=FRIDAY_EVENING)
    for door in guarded():
        if door.method == "GET" and not door.is_api:
            caller.knock("GET", door.path(**caller.home.names()), is_api=False)
    leaks = [
        key for world in committed_worlds for key, value in held(broker) if world.mark in readable(value)
    ]
    assert leaks == []


def test_what_is_packed_is_read_too() -> None:
    body = base64.b64encode(b'[["xanadu owner"], {}, {}]').decode()
    assert "xanadu" in readable(orjson.dumps({"body": body}))

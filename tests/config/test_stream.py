"""The process that keeps streams of events open, over real HTTP, on a database that really commits."""

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client as Browser

from agency import clock
from agency.actions.events import emit
from agency.actions.keys import make_key, revoke_key
from agency.actions.limits import limit_member
from agency.actions.members import add_member, remove_member
from agency.actor import Actor
from agency.api.event_stream import End, Opening, TooManyStreams
from agency.models import Agency, ApiKey, Membership
from agency.queries.feed import Head, feed_head
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from config.stream import reader
from config.stream.gate import Gate
from config.stream.hub import Database, Hub
from config.stream.reader import Reader
from tests.streaming import STREAM, Process, stream_process
from tests.streaming import Reader as Follower
from workflows.actions.onboarding import open_agency

# Over what one reader may have, so that a test can have many.
EACH = 250


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    log = tmp_path_factory.mktemp("stream") / "log"
    with stream_process(log, EARSHOT_STREAMS_EACH=str(EACH)) as running:
        yield running
    assert "Traceback" not in log.read_text()


@pytest.fixture
def ana(committed: None) -> Actor:
    _, owner = open_agency(
        name="Northlight",
        time_zone="UTC",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=clock.now(),
        invite=False,
    )
    return actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))


def _key(by: Actor) -> tuple[ApiKey, str]:
    with tenant(by.agency_id):
        return make_key(name="Bot", rights=["read"], expires_at=None, by=by, now=clock.now())


def _client(by: Actor, name: str) -> Client:
    with tenant(by.agency_id):
        return create_client(name=name, time_zone="UTC", language="en", by=by, now=clock.now())


def _tell(by: Actor, note: str) -> None:
    with tenant(by.agency_id):
        agency = Agency.objects.get(pk=by.agency_id)
        emit("agency.changed", subject=agency, now=clock.now(), data={"changed": [note]})


def _head(by: Actor) -> int:
    with tenant(by.agency_id):
        return feed_head().last


def test_a_reader_who_is_cut_off_again_and_again_misses_nothing_and_gets_nothing_twice(
    process: Process, ana: Actor
) -> None:
    rolls = random.Random(20260306)  # noqa: S311
    pauses = [[rolls.random() * 0.12 for _ in range(25)] for _ in range(4)]
    _, token = _key(ana)
    start, total = _head(ana), 4 * 25

    def write(writer: int) -> None:
        for turn, pause in enumerate(pauses[writer]):
            time.sleep(pause)
            _tell(ana, f"{writer}.{turn}")
        connections.close_all()

    follower, cuts = process.reader(token), 0
    seen: list[int] = []
    follower.last = str(start)
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, writer) for writer in range(4)]
        deadline = time.monotonic() + 60
        while len(seen) < total and time.monotonic() < deadline:
            patience = rolls.randrange(1, 30)
            with follower.read() as messages:
                for told in messages:
                    if told.event == "message":
                        seen.append(int(told.id))
                        assert told.data.keys() == {"id", "number"}
                    patience -= 1
                    if patience <= 0 or len(seen) == total:
                        cuts += 1
                        break
        for one in writing:
            one.result()
    assert (len(seen), seen) == (total, list(range(start + 1, start + total + 1)))
    assert cuts > 3


@dataclass
class Leaving:
    """Somebody who listens, and how their access ends."""

    headers: dict[str, str]
    end: Callable[[], object]
    code: str = "access_ended"


def _by_key(by: Actor, end: Callable[[ApiKey], object]) -> Leaving:
    key, token = _key(by)
    return Leaving({"Authorization": f"Bearer {token}"}, lambda: end(key))


def _in_a_browser(
    by: Actor, name: str, end: Callable[[Membership, Browser], object], code: str = "access_ended"
) -> Leaving:
    with tenant(by.agency_id):
        email = f"{name}@northlight.example"
        found = add_member(email=email, name=name, role="responder", by=by, now=clock.now(), invite=False)
    member = Membership.objects.select_related("user").get(pk=found.pk)
    browser = Browser()
    browser.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.session.session_key}"
    return Leaving({"Cookie": cookie}, lambda: end(member, browser), code)


def _everybody(ana: Actor) -> dict[str, Leaving]:
    client, now = _client(ana, "Brightwater"), clock.now()
    known = {client.pk: client.name}
    return {
        "revoked": _by_key(ana, lambda key: revoke_key(key, by=ana, now=now)),
        "over": _by_key(ana, lambda key: ApiKey.objects.filter(pk=key.pk).update(expires_at=now)),
        "left": _in_a_browser(ana, "left", lambda member, _: remove_member(member, by=ana, now=now)),
        "out": _in_a_browser(ana, "out", lambda _, browser: browser.logout()),
        "limited": _in_a_browser(
            ana,
            "limited",
            lambda member, _: limit_member(member, clients=[client.pk], known=known, by=ana, now=now),
            "access_changed",
        ),
    }


def _listen(address: str, who: Leaving, ready: threading.Barrier) -> tuple[float, str]:
    """When it ended, and with what."""
    with Follower(address, who.headers).read() as messages:
        assert next(messages).event == "open"
        ready.wait(60)
        began = time.monotonic()
        for told in messages:
            if told.event == "end":
                return time.monotonic() - began, told.data["code"]
            if time.monotonic() > began + 12:
                break
    return time.monotonic() - began, "nothing said"


def test_a_stream_ends_when_access_ends_and_says_why(process: Process, ana: Actor) -> None:
    leaving = _everybody(ana)
    ready = threading.Barrier(len(leaving) + 1)
    with ThreadPoolExecutor(len(leaving)) as pool:
        listening = {name: pool.submit(_listen, process.address, who, ready) for name, who in leaving.items()}
        ready.wait(60)
        for who in leaving.values():
            with tenant(ana.agency_id):
                who.end()
        ended = {name: one.result() for name, one in listening.items()}
    assert {name: code for name, (_, code) in ended.items()} == {n: who.code for n, who in leaving.items()}
    # Five seconds, and what the machine takes.
    assert max(seconds for seconds, _ in ended.values()) < 7
    again = httpx.get(f"{process.address}{STREAM}", headers=leaving["revoked"].headers)
    assert (again.status_code, again.json()["code"]) == (401, "authentication_failed")


def test_two_hundred_idle_streams_need_no_more_database_connections_than_one(
    process: Process, ana: Actor
) -> None:
    _, token = _key(ana)
    streams = 200

    async def open_all() -> tuple[int, int, int]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=30) as client:
            request = client.build_request(
                "GET", f"{process.address}{STREAM}", headers={"Authorization": f"Bearer {token}"}
            )
            answers = await asyncio.gather(*(client.send(request, stream=True) for _ in range(streams)))
            assert {answer.status_code for answer in answers} == {200}
            lines = [answer.aiter_lines() for answer in answers]
            for one in lines:
                while (await anext(one)) != "event: open":
                    pass
            used = await asyncio.to_thread(_connections)
            threads = max(_threads(pid) for pid in _family(process.process.pid))
            await asyncio.to_thread(_tell_and_close, ana)
            told = await asyncio.gather(*(_next_message(one) for one in lines))
            for answer in answers:
                await answer.aclose()
            return used, threads, len(set(told))

    used, threads, different = asyncio.run(open_all())
    assert used <= 5, f"{used} connections"
    assert threads <= 20, f"{threads} threads"
    assert different == 1


def _tell_and_close(ana: Actor) -> None:
    _tell(ana, "for all")
    connections.close_all()


async def _next_message(lines: Any) -> str:
    async for line in lines:
        if line.startswith('data: {"id"'):
            return str(line)
    raise AssertionError("It ended.")


def _connections() -> int:
    """Of all but this process and this question."""
    with psycopg.connect(os.environ["EARSHOT_TEST_SUPERUSER"]) as server:
        ours = {one.connection.info.backend_pid for one in connections.all() if one.connection}
        rows = server.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = 'earshot_app'",
            [connection.settings_dict["NAME"]],
        ).fetchall()
    return len({pid for (pid,) in rows} - ours)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def _threads(pid: int) -> int:
    (line,) = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Threads:")
    ]
    return int(line.split()[1])


def test_whoever_works_for_one_client_is_told_of_its_events_alone(process: Process, ana: Actor) -> None:
    mine, _ = _client(ana, "Brightwater"), _client(ana, "Southwater")
    now = clock.now()
    with tenant(ana.agency_id):
        _, token = make_key(name="Bot", rights=["read"], expires_at=None, clients=[mine.pk], by=ana, now=now)
    with process.reader(token).read("?after=0") as messages:
        told = [next(messages), next(messages)]
        _client(ana, "Westwater")
        with tenant(ana.agency_id):
            emit("client.restored", subject=mine, now=now)
        told.append(next(messages))
    assert [one.event for one in told] == ["open", "message", "message"]
    assert int(told[2].id) == _head(ana)


def test_other_addresses_and_a_head_are_answered_and_end(process: Process, ana: Actor) -> None:
    _, token = _key(ana)
    signed = {"Authorization": f"Bearer {token}"}
    nowhere = httpx.get(f"{process.address}/api/v1/me/", headers=signed)
    assert (nowhere.status_code, nowhere.headers["Content-Type"]) == (404, "application/problem+json")
    assert nowhere.json()["request_id"] == nowhere.headers["X-Request-ID"]
    head = httpx.head(f"{process.address}{STREAM}", headers=signed)
    assert (head.status_code, head.headers["Content-Type"], head.content) == (200, "text/event-stream", b"")
    assert head.headers["X-Accel-Buffering"] == "no"
    for query, headers, status in (
        ("?after=x", signed, 400),
        ("?after=999999", signed, 410),
        ("", {}, 401),
        ("", signed | {"Accept": "text/html"}, 406),
    ):
        assert httpx.get(f"{process.address}{STREAM}{query}", headers=headers).status_code == status


# Without the process ------------------------------------------------------------------------------------------


def _opening(by: Actor, last: int) -> Opening:
    return Opening(by=by, after=last, head=Head(last, 0))


def test_a_stream_that_is_quiet_says_now_and_then_that_it_is_there(
    ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(reader, "LOOK_SECONDS", (0.25, 0.25))
    looks = iter([None, None])
    over = End("access_ended", "Over.")

    async def listen() -> list[bytes]:
        database = Database(1)
        one = Reader(
            _opening(ana, 0),
            Hub(database),
            database,
            lambda: next(looks, over),
            asyncio.Event(),
            asyncio.Event(),
        )
        try:
            return [part async for part in one.parts()]
        finally:
            database.close()

    parts = asyncio.run(listen())
    assert parts[-1] == over.written()
    assert set(parts[:-1]) == {b": still here\n\nid: 0\n\n"}
    assert len(parts) >= 5


def test_one_caller_and_all_of_them_have_only_so_many_streams(ana: Actor) -> None:
    gate, first = Gate(each=2, all_=3), _opening(ana, 0)
    other = _opening(Actor(kind=ana.kind, agency_id=ana.agency_id, id=None, name="Bot", rights=ana.rights), 0)
    gate.enter(first)
    gate.enter(first)
    with pytest.raises(TooManyStreams, match="You have 2 streams open"):
        gate.enter(first)
    gate.enter(other)
    with pytest.raises(TooManyStreams, match="this server"):
        gate.enter(other)
    gate.leave(first)
    gate.enter(other)
    assert len(gate) == 3

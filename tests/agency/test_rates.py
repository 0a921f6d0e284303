"""How often a key may call: counted exactly by all processes together, told in each answer, and never in the way."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agency import counters as counting
from agency.actor import Actor
from agency.api import guessing
from agency.api.rates import Budget
from agency.counters import InProcess, Shared
from agency.ids import new_id
from agency.models import ApiKey
from config.launcher.ports import free_port
from tests.fixtures import Api

POLICY, LEFT = re.compile(r'"default";q=(\d+);w=60'), re.compile(r'"default";r=(\d+);t=(\d+)')
KeyMaker = Callable[..., Api]


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """What this process knows of addresses is nobody else's business."""
    guessing.memory.clear()
    yield
    guessing.memory.clear()


def headers(answer: Any) -> tuple[int, int, int]:
    """The quota, what is left of it, and for how many seconds."""
    policy, left = POLICY.fullmatch(answer["RateLimit-Policy"]), LEFT.fullmatch(answer["RateLimit"])
    assert policy
    assert left
    return int(policy[1]), int(left[1]), int(left[2])


def test_each_answer_tells_what_is_left_and_beyond_it_nothing_is_done(
    api: KeyMaker, ana: Actor, settings: LazySettings
) -> None:
    settings.API_RATE = 4
    key = api(ana)
    answers = [
        key.get("/api/v1/me/"),
        key.post("/api/v1/clients/", {"name": 5}),
        key.get("/api/v1/clients/?colour=x"),
        key.call("PUT", "/api/v1/clients/"),
        key.post("/api/v1/clients/", {"name": "Acorn"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 400, 405, 429]
    assert [headers(answer)[:2] for answer in answers] == [(4, 3), (4, 2), (4, 1), (4, 0), (4, 0)]
    limited = answers[-1]
    assert limited.json()["code"] == "rate_limited"
    assert int(limited["Retry-After"]) == headers(limited)[2] in range(1, 61)
    assert "Acorn" not in api(ana).get("/api/v1/clients/").content.decode()


def test_a_missing_right_is_counted_too(api: KeyMaker, ana: Actor, settings: LazySettings) -> None:
    settings.API_RATE = 9
    answer = api(ana, "read").get("/api/v1/keys/")
    assert (answer.status_code, headers(answer)[:2]) == (403, (9, 8))


def test_each_key_and_each_member_has_a_budget_of_its_own(
    api: KeyMaker, ana: Actor, ben: Actor, page: Any, settings: LazySettings
) -> None:
    settings.API_RATE = 2
    one, other, browser = api(ana), api(ana), page(ben)
    assert [one.get("/api/v1/me/").status_code for _ in range(3)] == [200, 200, 429]
    assert other.get("/api/v1/me/").status_code == 200
    assert [browser.get("/api/v1/me/").status_code for _ in range(3)] == [200, 200, 429]


def test_a_key_may_be_given_a_limit_of_its_own(api: KeyMaker, ana: Actor, settings: LazySettings) -> None:
    settings.API_RATE, settings.API_RATE_MOST = 2, 5
    owner = api(ana)
    ApiKey.objects.update(rate=5)
    made = owner.post("/api/v1/keys/", {"name": "Busy", "rights": ["read"], "rate": 3})
    busy = Api(made.json()["token"])
    assert [busy.get("/api/v1/me/").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert owner.post("/api/v1/keys/", {"name": "X", "rights": ["read"], "rate": 6}).status_code == 400
    ApiKey.objects.update(rate=1000)  # as it was set before the most became less
    assert headers(owner.get("/api/v1/me/"))[0] == 5


def test_who_guesses_does_not_get_at_the_database_and_a_key_that_works_goes_on(
    api: KeyMaker, ana: Actor, settings: LazySettings
) -> None:
    settings.API_FAILED_SIGN_INS = 3
    here = {"REMOTE_ADDR": f"2001:db8:{int(time.time()) % 65536:x}:1::7"}
    key = api(ana)

    def call(token: str, **where: str) -> Any:
        signed = {"authorization": f"Bearer {token}"}
        with CaptureQueriesContext(connection) as caught:
            answer = Browser().get("/api/v1/me/", headers=signed, **{**here, **where})  # type: ignore[arg-type]
        return answer.status_code, len(caught.captured_queries) > 0, answer

    assert call(key.token)[0] == 200
    guesses = [call(f"esk_aaaaaaaaaa_{n}") for n in range(5)]
    assert [guess[:2] for guess in guesses] == [(401, True)] * 3 + [(429, False)] * 2
    assert guesses[0][2]["RateLimit"].startswith('"failed-sign-ins";r=2;t=')
    assert guesses[0][2]["WWW-Authenticate"] == 'Bearer realm="earshot"'
    assert int(guesses[-1][2]["Retry-After"]) in range(1, 61)
    # The same network, of which one machine has all addresses; and another one.
    near, far = here["REMOTE_ADDR"].replace("::7", "::8"), here["REMOTE_ADDR"].replace(":1::7", ":2::7")
    assert [call("esk_a_b", REMOTE_ADDR=where)[0] for where in (near, far)] == [429, 401]
    assert call(key.token)[0] == 200
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert [call(key.token)[0] for _ in range(2)] == [429, 429]


_COUNTS = """
import sys
from agency.counters import Shared
counter = Shared(sys.argv[1])
print(*(counter.count(sys.argv[2], 60).n for _ in range(150)))
"""


def test_two_processes_count_together_to_the_unit(settings: LazySettings) -> None:
    name = f"test:{new_id()}"
    command = [sys.executable, "-c", _COUNTS, settings.REDIS_URL, name]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counted = [int(n) for process in running for n in process.communicate(timeout=60)[0].split()]
    assert sorted(counted) == list(range(1, 301))
    assert Shared(settings.REDIS_URL).count(name, 60).n == 301


def test_a_window_ends_and_another_begins(settings: LazySettings) -> None:
    for counter in (Shared(settings.REDIS_URL), InProcess()):
        name = f"test:{new_id()}"
        assert [counter.count(name, 0.05).n for _ in range(3)] == [1, 2, 3]
        time.sleep(0.06)
        assert counter.count(name, 0.05).n == 1


def test_a_dead_redis_costs_nothing_stops_nobody_and_is_told_once() -> None:
    counter = Shared(f"redis://127.0.0.1:{free_port()}")
    with capture_logs() as told:
        begun = time.perf_counter()
        assert [counter.count("a", 60).n for _ in range(100)] == list(range(1, 101))
        assert time.perf_counter() - begun < 0.5
    assert [line["event"] for line in told] == ["counters away"]


def test_a_redis_that_hangs_is_asked_by_one_call_in_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        counter = Shared(f"redis://127.0.0.1:{deaf.getsockname()[1]}")
        begun = time.perf_counter()
        counter.count("a", 60)
        first = time.perf_counter() - begun
        for _ in range(100):
            counter.count("a", 60)
        rest = time.perf_counter() - begun - first
    assert first < 10 * counting.PATIENCE
    assert rest < 0.1


def test_a_redis_that_comes_back_counts_again(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, name = Shared(settings.REDIS_URL), f"test:{new_id()}"
    counter.count(name, 60)
    counter._call("SCRIPT", "FLUSH")  # as one that was started anew
    assert counter.count(name, 60).n == 2
    monkeypatch.setattr(counting, "REST", 0.02)

    def gone(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as away:
        away.setattr(counter, "_call", gone)
        assert counter.count(name, 60).n == 1  # its own
    assert counter.count(name, 60).n == 2  # nobody asks yet
    time.sleep(0.03)
    assert counter.count(name, 60).n == 3  # again the one of all


def test_a_connection_that_was_closed_at_rest_is_made_anew(settings: LazySettings) -> None:
    counter, name = Shared(settings.REDIS_URL), f"test:{new_id()}"
    counter.count(name, 60)
    with capture_logs() as told:
        for n in (2, 3):
            counter._threads.connection._sock.shutdown(socket.SHUT_RDWR)
            assert counter.count(name, 60).n == n
    assert told == []


@given(names=st.lists(st.sampled_from("abc"), max_size=60))
def test_a_processs_own_count_is_exact(names: list[str]) -> None:
    counter = InProcess()
    counted = [(name, counter.count(name, 60).n) for name in names]
    assert counted == [(name, names[: place + 1].count(name)) for place, name in enumerate(names)]


def test_a_flood_of_names_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 50)
    counter = InProcess()
    for n in range(500):
        counter.count(str(n), 60)
    assert len(counter._counts) <= 50


@given(quota=st.integers(1, 10_000), used=st.integers(1, 20_000), seconds=st.floats(0, 60, allow_nan=False))
def test_what_is_told_is_never_negative_nor_too_early(quota: int, used: int, seconds: float) -> None:
    budget = Budget("default", quota, used, seconds)
    left = LEFT.fullmatch(budget.headers["RateLimit"])
    assert left
    assert int(left[1]) == max(0, quota - used)
    assert int(left[1]) == 0 or not budget.is_over
    assert int(left[2]) >= max(1, seconds)

"""The API on a million mentions of 200 agencies: its lists and a claim, each against a limit of the same run.

uv run python -m tests.benchmarks.api [--quick]

A list's limit is a bare WSGI application under the same server (`bare.py`), a claim's the same rows written by one
statement through pgbench (`claims.py`). What is compared takes turns, so that the machine is the same for both.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen
from uuid import UUID

import psycopg

from config.launcher import commands
from config.launcher.child import Child
from config.launcher.ports import LOOPBACK, free_port
from tests import servers
from tests.benchmarks import claims, crowd, deliveries
from tests.benchmarks.crowd import House
from tests.benchmarks.ground import Ground, ground, milliseconds, say, tell
from tests.benchmarks.load import Load, Order, Tally, load, request
from tests.benchmarks.search import BARE as BARE_SEARCH
from tests.benchmarks.search import OURS as OUR_SEARCH

LIMIT = 50
FAR = 1000  # pages
STARTING = 30.0
LIST = "/api/v1/mentions/"


@dataclass(frozen=True, slots=True)
class Asked:
    """The statement that the list runs. `agencies`: where in its parameters the agency stands."""

    statement: str
    parameters: list[Any]
    agencies: list[int]
    names: list[str]

    def of(self, agency_id: UUID) -> list[Any]:
        given = list(self.parameters)
        for place in self.agencies:
            given[place] = agency_id
        return given


def main() -> int:
    with ground(__doc__ or "") as here:
        size = crowd.QUICK if here.quick else crowd.WHOLE
        superuser_url = _address("EARSHOT_TEST_SUPERUSER", here)
        houses = crowd.fill(here, size, superuser_url=superuser_url)
        tell(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
        met = [
            *_lists(here, houses),
            *_pages(houses, quick=here.quick),
            _policies(here, houses),
            _search(here, houses),
            *_counts(houses),
            *_claims(here, houses),
            deliveries.measure(200 if here.quick else 2000),
        ]
        tell(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    return 0 if all(met) else 1


def _address(name: str, here: Ground) -> str:
    """Of the benchmark's database, for another role."""
    database = psycopg.conninfo.conninfo_to_dict(here.owner_url)["dbname"]
    return servers.at(os.environ[name], str(database))


# Lists over HTTP ---------------------------------------------------------------------------------------------


def _lists(here: Ground, houses: list[House]) -> list[bool]:
    asked = _statement(here, houses)
    bare = {
        "BENCH_OWNER_URL": here.owner_url,
        "BENCH_STATEMENT": json.dumps(
            {
                "statement": asked.statement,
                "parameters": [None if n in asked.agencies else v for n, v in enumerate(asked.parameters)],
                "places": asked.agencies,
                "names": asked.names,
            }
        ),
    }
    ours_asked = [request("GET", f"{LIST}?limit={LIMIT}", token=house.token) for house in houses]
    bare_asked = [request("GET", f"/?{house.agency_id}") for house in houses]
    turns, seconds = (3, 1.5) if here.quick else (5, 3.0)
    met = []
    with (
        load() as calls,
        web() as port,
        web("tests.benchmarks.bare:application", bare) as bare_port,
    ):
        _same_rows(here, port, bare_port, houses)
        for clients in (1, 8):
            ours, limits = _turns(
                calls,
                Order(port, clients, seconds, ours_asked),
                Order(bare_port, clients, seconds, bare_asked),
                turns=turns,
            )
            met.append(_say_rates(f"api.list.clients_{clients}", ours, limits, target=0.3))
    return met


def _turns(calls: Load, *orders: Order, turns: int) -> list[list[Tally]]:
    """Each order in its turn; the first of each warms it up and doesn't count."""
    for order in orders:
        calls.run(order)
    taken: list[list[Tally]] = [[] for _ in orders]
    for _ in range(turns):
        for order, tallies in zip(orders, taken, strict=True):
            tallies.append(calls.run(order))
    return taken


def _say_rates(name: str, ours: list[Tally], limits: list[Tally], *, target: float) -> bool:
    for whose, tallies in (("ours", ours), ("bare", limits)):
        times = sorted(one * 1000 for tally in tallies for one in tally.seconds)
        tell(
            f"{name}, {whose}: {[round(tally.rate) for tally in tallies]} a second, {tallies[0].size} bytes,"
            f" p50 {median(times):.2f} ms, p99 {times[len(times) * 99 // 100]:.2f} ms"
        )
    value, limit = (median(tally.rate for tally in tallies) for tallies in (ours, limits))
    return say(name, value, "requests/s", limit=limit, target=target, at_least=True)


@contextmanager
def web(application: str = commands.APPLICATION, more: dict[str, str] | None = None) -> Iterator[int]:
    """A web process with one worker, as `manage.py web --workers 1` runs it; its port. What it logs goes into a file."""
    port = free_port()
    command = [*commands.web(host=LOOPBACK, port=port, workers=1)[:-1], application]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EARSHOT_LOG_LEVEL": "INFO",
        # Counted all the same, and never used up.
        "EARSHOT_API_RATE": "10000000",
        **(more or {}),
    }
    with TemporaryDirectory(prefix="earshot-bench-") as folder, (Path(folder) / "log").open("w") as log:
        child = Child(command, env=environment, cwd=commands.ROOT, output=log.fileno())
        try:
            _await(port)
            yield port
        finally:
            child.stop()


def _await(port: int) -> None:
    deadline = time.monotonic() + STARTING
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "The web process doesn't start."
            time.sleep(0.05)


def _same_rows(here: Ground, port: int, bare_port: int, houses: list[House]) -> None:
    """Both show the same page, so that they are comparable."""
    house = houses[-1]
    with urlopen(f"http://{LOOPBACK}:{bare_port}/?{house.agency_id}") as answer:
        bare = [row["id"] for row in json.load(answer)["results"]]
    asked = Request(
        f"http://{LOOPBACK}:{port}{LIST}?limit={LIMIT}", headers={"Authorization": f"Bearer {house.token}"}
    )
    with urlopen(asked) as answer:
        ours = [row["id"] for row in json.load(answer)["results"]]
    assert len(ours) == LIMIT, len(ours)
    assert ours == bare[:LIMIT]


# The statement itself ----------------------------------------------------------------------------------------


def _page(house: House, *, filters: Any = None, cursor: str | None = None) -> Any:
    """The columns are those of the API's whole answer."""
    from agency.actor import system  # noqa: PLC0415  (Django is set up by now)
    from agency.api.sparse import leaves  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from workflows.api.mention_rows import row_reader  # noqa: PLC0415
    from workflows.api.mentions import MentionRowOutput  # noqa: PLC0415
    from workflows.queries.inbox import Filters, list_rows  # noqa: PLC0415

    columns, _ = row_reader(tuple(leaves(MentionRowOutput)))
    filters = filters or Filters()
    with tenant(house.agency_id, read_only=True):
        return list_rows(
            by=system(house.agency_id), filters=filters, cursor=cursor, limit=LIMIT, columns=columns
        )


def _statement(here: Ground, houses: list[House]) -> Asked:
    """The list's own, as it goes to the database."""
    from django.db import connection  # noqa: PLC0415

    taken: list[tuple[str, tuple[Any, ...]]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        taken.append((sql, tuple(params or ())))
        return execute(sql, params, many, context)

    house = houses[-1]
    with connection.execute_wrapper(note):
        _page(house)
    (statement, given) = next(one for one in taken if 'FROM "mentions_mention"' in one[0])
    agencies = [place for place, value in enumerate(given) if str(value) == str(house.agency_id)]
    assert agencies, statement
    with psycopg.connect(here.owner_url, cursor_factory=psycopg.RawCursor) as owner:
        cursor = owner.execute(statement, given)
        names = [column.name for column in cursor.description or ()]
        assert len(cursor.fetchall()) == LIMIT + 1
    return Asked(statement, list(given), agencies, names)


def _policies(here: Ground, houses: list[House]) -> bool:
    """The list's statement as the working role, under the policies, against the same as the owner, whom none binds."""
    asked = _statement(here, houses)
    small = houses[1:]

    def call(connection: psycopg.Connection[Any]) -> Callable[[int], object]:
        def one(number: int) -> object:
            agency_id = small[number % len(small)].agency_id
            # So that both ask twice.
            with connection.transaction():
                connection.execute(
                    "SELECT set_config('app.agency_id', $1, true)", [str(agency_id)], prepare=True
                )
                return connection.execute(asked.statement, asked.of(agency_id), prepare=True).fetchall()

        return one

    with (
        psycopg.connect(here.app_url, cursor_factory=psycopg.RawCursor) as app,
        psycopg.connect(here.owner_url, cursor_factory=psycopg.RawCursor) as owner,
    ):
        value, limit = milliseconds(call(app), call(owner), runs=400 if here.quick else 2000)
    return say("api.list.row_security", value, "ms", limit=limit, target=1.1)


def _pages(houses: list[House], *, quick: bool) -> list[bool]:
    """Page 1,000 against page 1, of the open ones by urgency and of all, the newest first; a large agency against small ones."""
    from agency.queries.paging import encode_cursor  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from mentions.models import Mention  # noqa: PLC0415
    from mentions.queries.wanted import Wanted  # noqa: PLC0415
    from mentions.words import CLOSED, State  # noqa: PLC0415
    from workflows.queries.inbox import ORDERS, Filters  # noqa: PLC0415

    large, small = houses[0], houses[1:]
    runs, found = 60 if quick else 200, []
    for order, field, states in (
        ("urgency", "urgency_at", ()),
        ("newest", "recorded_at", tuple(State.values)),
    ):
        with tenant(large.agency_id):
            rows = Mention.objects.all() if states else Mention.objects.exclude(state__in=CLOSED)
            places = ("-recorded_at", "-id") if states else ("urgency_at", "id")
            last = rows.order_by(*places).values_list(field, "id")[(FAR - 1) * LIMIT - 1]
        filters, cursor = Filters(Wanted(states=states)), encode_cursor([ORDERS[order], *last])

        def page(at: str | None, filters: Filters = filters) -> Callable[[int], object]:
            return lambda _: _page(large, filters=filters, cursor=at)

        def others(number: int, filters: Filters = filters) -> object:
            return _page(small[number % len(small)], filters=filters)

        assert len(_page(large, filters=filters, cursor=cursor).rows) == LIMIT
        far, first, of_small = milliseconds(page(cursor), page(None), others, runs=runs)
        found += [
            say(f"api.list.page_{FAR}.{order}", far, "ms", limit=first, target=1.2),
            say(f"api.list.growth.{order}", first, "ms", limit=of_small, target=1.2),
        ]
    return found


def _search(here: Ground, houses: list[House]) -> bool:
    """A rare word under the policies, by the function, against the bare statement as the owner."""
    small = houses[1:]

    def rare(number: int) -> str:
        return f"'rare{number % crowd.RARE}'"

    with psycopg.connect(here.app_url) as app, psycopg.connect(here.owner_url) as owner:

        def ours(number: int) -> object:
            agency_id = small[number % len(small)].agency_id
            with app.transaction():
                app.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency_id)])
                return app.execute(OUR_SEARCH, [rare(number), None, None, None]).fetchall()

        def bare(number: int) -> object:
            agency_id = small[number % len(small)].agency_id
            with owner.transaction():
                # So that both ask twice.
                owner.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency_id)])
                given = [agency_id, f"'@a{agency_id.hex}' & {rare(number)}"]
                return owner.execute(BARE_SEARCH, given).fetchall()

        assert ours(3) == bare(3)
        value, limit = milliseconds(ours, bare, runs=400 if here.quick else 2000)
    return say("api.search.rare_word", value, "ms", limit=limit, target=5)


# A claim -----------------------------------------------------------------------------------------------------


def _claims(here: Ground, houses: list[House]) -> list[bool]:
    turns, count = (3, 100) if here.quick else (5, 400)
    http, minimal, inside, bare = [], [], [], []
    with (
        TemporaryDirectory(prefix="earshot-bench-") as folder,
        psycopg.connect(here.owner_url, autocommit=True) as owner,
        load() as calls,
        web() as port,
    ):
        waiting = claims.prepare(here.owner_url, owner, houses, Path(folder))
        for is_minimal in (False, True):
            claims.over_http(waiting, calls, port, 20, minimal=is_minimal)
        claims.in_process(waiting, 20)
        for _ in range(turns):
            bare.append(claims.by_pgbench(waiting, 4 * count))
            http.append(claims.over_http(waiting, calls, port, count))
            minimal.append(claims.over_http(waiting, calls, port, count, minimal=True))
            inside.append(claims.in_process(waiting, 2 * count))
        claims.check(waiting, waiting.waiting[: waiting.taken])
    for whose, rates in (
        ("HTTP", http),
        ("HTTP, answered by the version alone", minimal),
        ("in process", inside),
        ("pgbench", bare),
    ):
        tell(f"claims by {whose}: {[round(rate) for rate in rates]} a second")
    limit = median(bare)
    return [
        say("api.claim.http", median(http), "claims/s", limit=limit, target=0.2, at_least=True),
        say("api.claim.http.minimal", median(minimal), "claims/s", limit=limit, target=0.2, at_least=True),
        say("api.claim.in_process", median(inside), "claims/s", limit=limit, target=0.45, at_least=True),
    ]


# What is asked -----------------------------------------------------------------------------------------------


def _counts(houses: list[House]) -> list[bool]:
    """How many statements each call takes in the large agency, against in a small one."""
    return [
        say(f"api.queries.{name}", _statements(houses[0], path), "queries", limit=limit, target=1)
        for name, path in (
            ("list", LIST),
            ("list_of_all", f"{LIST}?state=new,claimed,responded,dismissed"),
            ("search", f"{LIST}?q=rare7"),
            ("one", ""),
            ("claim", "claim/"),
        )
        if (limit := _statements(houses[-1], path))
    ]


def _statements(house: House, path: str) -> int:
    """With all of a call: signing in, the agency's setting, and what it asks for. "" and "claim/": of some new mention."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from agency.tenancy import tenant  # noqa: PLC0415
    from mentions.models import Mention  # noqa: PLC0415

    if not path.startswith("/"):
        with tenant(house.agency_id):
            mention_id = Mention.objects.filter(state="new").values_list("pk", flat=True).first()
        path = f"{LIST}{mention_id}/{path}"
    caller = Client(headers={"authorization": f"Bearer {house.token}", "host": LOOPBACK})
    caller.get("/api/v1/me/")  # the first use of a key in a minute is noted
    body = {"data": b'{"version":1}', "content_type": "application/json"}
    with CaptureQueriesContext(connection) as taken:
        answer = caller.post(path, **body) if path.endswith("claim/") else caller.get(path)
    assert answer.status_code == 200, answer.content
    return len(taken)


if __name__ == "__main__":
    sys.exit(main())

"""Two agencies' requests from 20 threads over 2 connections, with errors on purpose: no row of the other's, ever.

    python -m tests.contracts.pool --requests 10000              # a pool of 2 connections inside the process
    python -m tests.contracts.pool --requests 10000 --pgbouncer  # 2 connections behind pgbouncer, in transaction mode

The real WSGI application, in a process of its own. The managers' filter is off, so that row security stands alone; every
few requests a connection is asked, outside every agency, what it still holds. Prints one line, and fails on a wrong row.
"""

import argparse
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

THREADS, CONNECTIONS = 20, 2


class OnPurpose(RuntimeError):
    """Raised in the middle of a request."""


class Died(BaseException):
    """What no `except Exception` stops: the thread is being ended."""


@dataclass
class Tally:
    errors: int = 0
    foreign: int = 0
    wrong: int = 0
    statuses: Counter[int] | None = None


# The ground: a database, pooled or behind pgbouncer --------------------------------------------------------


@contextmanager
def ground(*, pgbouncer: bool) -> Iterator[None]:
    """Servers, where nobody started them yet, a database of our own, and Django set up for it."""
    from tests import process, servers  # noqa: PLC0415  (before Django's settings are read)

    if "EARSHOT_TEST_OWNER_URL" not in os.environ:
        process._start()
    owner, name = os.environ["EARSHOT_TEST_OWNER_URL"], f"test_pool_{os.getpid()}"
    servers.create_database(owner, name, template=process.TEMPLATE)
    address = servers.at(os.environ["EARSHOT_TEST_APP_URL"], name)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EARSHOT_TEST_OWN_URL": servers.at(owner, name),
    }
    with ExitStack() as stack:
        stack.callback(process.end)
        stack.callback(servers.drop_database, owner, name)
        if pgbouncer:
            # This release can't carry prepared statements from one connection to the next.
            os.environ |= {"EARSHOT_PREPARE": "false", "EARSHOT_POOL_SIZE": "0"}
            address = stack.enter_context(bouncing(address, name))
        else:
            os.environ["EARSHOT_POOL_SIZE"] = str(CONNECTIONS)
        os.environ["DATABASE_URL"] = address
        import django  # noqa: PLC0415

        django.setup()
        logging.disable(logging.CRITICAL)
        stack.callback(leave)
        yield


def leave() -> None:
    from django.db import connection  # noqa: PLC0415

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


@contextmanager
def bouncing(address: str, database: str) -> Iterator[str]:
    """pgbouncer before this database; its address."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    from config.launcher.account import service_account  # noqa: PLC0415

    parts, port = conninfo_to_dict(address), random.randint(20_000, 30_000)  # noqa: S311
    folder = Path(tempfile.mkdtemp(prefix="earshot-pgbouncer-"))
    (folder / "users").write_text(f'"{parts["user"]}" "{parts["password"]}"\n')
    (folder / "ini").write_text(
        f"[databases]\n{database} = host={parts['host']} port={parts.get('port', 5432)} dbname={database}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
        f"auth_file = {folder / 'users'}\npool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n"
        f"max_client_conn = 200\nlogfile = {folder / 'log'}\n"
    )
    account = service_account()
    if account:
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.uid, account.gid)
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "pgbouncer isn't installed: apt-get install pgbouncer"
    who: Any = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    running = subprocess.Popen(
        [program, "-q", str(folder / "ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who
    )
    try:
        yield _once_it_answers(f"postgresql://{parts['user']}@127.0.0.1:{port}/{database}")
    finally:
        running.terminate()
        running.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _once_it_answers(address: str) -> str:
    import psycopg  # noqa: PLC0415

    for _ in range(50):
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return address
    raise RuntimeError("pgbouncer doesn't answer.")


# Faults ---------------------------------------------------------------------------------------------------

_now = local()  # .fault: what goes wrong in this thread's request


def _sql(statement: str) -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(statement)


def _swallowed() -> None:
    """The transaction is broken, and nobody noticed: whatever is asked next is refused."""
    with suppress(Exception):
        _sql("SELECT 1 / 0")


def _raise(error: type[BaseException]) -> None:
    raise error


FAULTS: dict[str, Callable[[], None]] = {
    "raises": lambda: _raise(OnPurpose),
    "breaks a statement": lambda: _sql("SELECT 1 / 0"),
    "swallows a broken statement": _swallowed,
    "runs out of time": lambda: _sql("SET LOCAL statement_timeout = '5ms'; SELECT pg_sleep(1)"),
    "loses its connection": lambda: _sql("SELECT pg_terminate_backend(pg_backend_pid())"),
    "dies": lambda: _raise(Died),
}
# Where the server, not the view, fails: the answer is never read, or never closed.
UNREAD, UNCLOSED = "isn't read", "isn't closed"


def sabotage() -> None:
    """Let the transaction around each handler fail as this thread's request says, before or after the handler."""
    from django.db import models  # noqa: PLC0415

    from agency import tenancy  # noqa: PLC0415
    from agency.api import views as api_views  # noqa: PLC0415
    from agency.web import views as web_views  # noqa: PLC0415

    @contextmanager
    def failing(*args: Any, **kwargs: Any) -> Iterator[None]:
        when, fault = getattr(_now, "fault", ("", ""))
        with tenancy.tenant(*args, **kwargs):
            if when == "before":
                FAULTS[fault]()
            yield
            if when == "after":
                FAULTS[fault]()

    api_views.tenant = web_views.tenant = failing  # type: ignore[assignment]
    tenancy.TenantManager.get_queryset = models.Manager.get_queryset  # type: ignore[method-assign]


def keep_for_the_session() -> None:
    """As if the setting weren't the transaction's alone."""
    from django.db import connection  # noqa: PLC0415

    from agency import tenancy  # noqa: PLC0415

    def kept(agency_id: Any, *, read_only: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.agency_id', %s, false)", [str(agency_id)])

    tenancy._set = kept


def enter_anybodys() -> None:
    """As if the agency were remembered by the process, and not by the thread."""
    from agency import tenancy  # noqa: PLC0415

    set_it, last = tenancy._set, [None]

    def remembered(agency_id: Any, *, read_only: bool) -> None:
        before, last[0] = last[0] or agency_id, agency_id
        set_it(before, read_only=read_only)

    tenancy._set = remembered


BREAKS = {"": lambda: None, "session": keep_for_the_session, "entered": enter_anybodys}


# Requests -------------------------------------------------------------------------------------------------


class Desk:
    """Asks as one of two agencies, and looks for the other in each answer."""

    def __init__(self) -> None:
        from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415
        from django.test import Client, RequestFactory  # noqa: PLC0415

        from agency.actions.keys import make_key  # noqa: PLC0415
        from agency.rights import Right  # noqa: PLC0415
        from agency.tenancy import tenant  # noqa: PLC0415
        from tests.contracts.callers import sign_in  # noqa: PLC0415
        from tests.contracts.world import make_world  # noqa: PLC0415
        from tests.fixtures import FRIDAY_EVENING  # noqa: PLC0415

        self.application, self.requests = WSGIHandler(), RequestFactory(SERVER_NAME="127.0.0.1")
        self.worlds = [make_world(mark, now=FRIDAY_EVENING) for mark in ("arcadia", "xanadu")]
        self.tokens, self.cookies = [], []
        for world in self.worlds:
            with tenant(world.agency_id):
                _, token = make_key(
                    name=f"{world.mark} many",
                    rights=list(Right),
                    expires_at=None,
                    by=world.owner,
                    now=FRIDAY_EVENING,
                )
            browser = Client()
            sign_in(browser, world.owner)
            self.tokens.append(token)
            self.cookies.append(
                "; ".join(f"{name}={cookie.value}" for name, cookie in browser.cookies.items())
            )

    def ask(self, number: int, seed: int) -> Tally:
        """One request, as (seed, number) say."""
        dice, tally = random.Random(seed * 1_000_003 + number), Tally(statuses=Counter())  # noqa: S311
        mine = number % 2
        world, other = self.worlds[mine], self.worlds[1 - mine]
        when, fault = "", ""
        if dice.random() < 0.25:
            when, fault = dice.choice(["before", "after"]), dice.choice([*FAULTS, UNREAD, UNCLOSED])
        _now.fault = (when, fault) if fault in FAULTS else ("", "")
        try:
            status, body = self._send(dice, mine, fault)
        except Died:
            status, body = 0, b""
        finally:
            _now.fault = ("", "")
        tally.statuses[status] += 1  # type: ignore[index]
        tally.errors += bool(fault) or status >= 400
        tally.foreign += body.lower().count(other.mark.encode())
        if not fault and status not in {200, 201, 400, 404, 409}:
            tally.wrong += 1
        if status == 200 and body and world.mark.encode() not in body.lower():
            tally.wrong += 1
        if number % 7 == 0:
            tally.foreign += self._left_over()
        return tally

    def _send(self, dice: random.Random, mine: int, fault: str) -> tuple[int, bytes]:
        method, path, data = self._choose(dice, mine)
        headers = {"HTTP_AUTHORIZATION": f"Bearer {self.tokens[mine]}"} if path.startswith("/api/") else {}
        request = self.requests.generic(method, path, data=data, content_type="application/json", **headers)
        environ = {**request.environ, "HTTP_COOKIE": self.cookies[mine] if not headers else ""}
        said: list[str] = []
        answer = self.application(environ, lambda status, _headers: said.append(status))  # type: ignore[arg-type]
        body = b"" if fault == UNREAD else b"".join(answer)
        if fault != UNCLOSED:
            answer.close()
        return int(said[0].split(" ")[0]), body

    def _choose(self, dice: random.Random, mine: int) -> tuple[str, str, bytes]:
        world, other = self.worlds[mine], self.worlds[1 - mine]
        part = dice.choice([world.one, world.two])
        mention, client = part.ids["mention_id"], part.ids["client_id"]
        lost = dice.choice([other.one, other.two]).ids
        return dice.choice(
            [
                ("GET", "/api/v1/mentions/", b""),
                ("GET", f"/api/v1/mentions/{mention}/", b""),
                ("GET", "/api/v1/clients/", b""),
                ("GET", f"/api/v1/clients/{client}/", b""),
                ("GET", f"/api/v1/contacts/?client={client}", b""),
                ("GET", "/api/v1/sources/", b""),
                ("PATCH", f"/api/v1/clients/{client}/", b'{"time_zone": "Europe/Riga"}'),
                ("POST", f"/api/v1/mentions/{mention}/priority/", b'{"version": 1, "priority": "high"}'),
                ("GET", f"/mentions/{mention}/", b"") if dice.random() < 0.3 else ("GET", "/api/v1/me/", b""),
                ("GET", f"/api/v1/mentions/{lost['mention_id']}/", b""),
                ("POST", f"/api/v1/mentions/{lost['mention_id']}/claim/", b'{"version": 1}'),
                ("GET", "/api/v1/mentions/?client=nonsense", b""),
            ]
        )

    def _left_over(self) -> int:
        """Rows that a connection shows outside every agency: none, whatever happened on it before."""
        from django.db import DatabaseError, connection  # noqa: PLC0415

        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT (SELECT count(*) FROM clients_client) + length(coalesce(current_setting('app.agency_id', true), ''))"
                )
                return int(cursor.fetchone()[0])
        except DatabaseError:  # a connection that was lost on purpose
            return 0
        finally:
            connection.close()


def run(requests: int, *, seed: int, broken: str = "") -> Tally:
    from django.db import connection  # noqa: PLC0415

    desk, whole = Desk(), Tally(statuses=Counter())
    connection.close()
    sabotage()
    BREAKS[broken]()

    def some(thread: int) -> list[Tally]:
        try:
            return [desk.ask(number, seed) for number in range(thread, requests, THREADS)]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        for tallies in pool.map(some, range(THREADS)):
            for tally in tallies:
                whole.errors += tally.errors
                whole.foreign += tally.foreign
                whole.wrong += tally.wrong
                whole.statuses += tally.statuses  # type: ignore[operator]
    return whole


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.contracts.pool", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pgbouncer", action="store_true")
    parser.add_argument(
        "--break", dest="broken", choices=[*BREAKS], default="", help="show that it would be seen"
    )
    options = parser.parse_args(arguments)
    with ground(pgbouncer=options.pgbouncer):
        begun = time.monotonic()
        done = run(options.requests, seed=options.seed, broken=options.broken)
        took = time.monotonic() - begun
    where = "pgbouncer" if options.pgbouncer else "pool"
    print(
        f"{where}: {THREADS} threads, {CONNECTIONS} connections, {options.requests:,} requests,"
        f" {done.errors:,} errors on purpose, {done.foreign} foreign rows, {done.wrong} wrong answers, {took:.0f} s"
    )
    good = (done.statuses or Counter())[200]
    if done.foreign or done.wrong or good < options.requests // 4:
        print(dict(done.statuses or {}), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

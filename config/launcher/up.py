"""`manage.py up`: from nothing to a running Earshot, and everything ended again at Ctrl-C."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from subprocess import PIPE
from typing import TypeVar
from urllib.parse import urlsplit

from config.launcher import commands
from config.launcher.account import service_account
from config.launcher.child import Child
from config.launcher.embedded import Embedded
from config.launcher.errors import LauncherError, StopRequested
from config.launcher.folder import (
    DataFolder,
    Running,
    Secrets,
    default_path,
    locked,
    prepare,
    read_secrets,
    say_running,
)
from config.launcher.health import EVERYWHERE, is_healthy
from config.launcher.ports import check_port
from config.launcher.servers import check_pair, check_servers
from config.launcher.supervisor import Supervisor
from config.launcher.terminal import Terminal

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
HEALTHY_SECONDS = 90.0
# How long the processes of a launcher that was killed may take to go.
KILLED_SECONDS = 15.0
# What a worker gets to finish the tasks that it has begun; what it doesn't finish is found again.
WORKER_GRACE = 20.0

Environment = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    demo: bool = True


def main(options: Options, environ: Mapping[str, str]) -> int:
    """Run until we are asked to stop. The exit code: 0, or 1 after a sentence on standard error."""
    terminal = Terminal()
    try:
        with Supervisor(terminal.write) as supervisor:
            _run(options, environ, supervisor)
    except StopRequested:
        pass
    except LauncherError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    terminal.write("Earshot has stopped; nothing is left running.")
    return 0


def _run(options: Options, environ: Mapping[str, str], supervisor: Supervisor) -> None:
    check_pair(environ)
    embedded = not (environ.get("DATABASE_URL") and environ.get("REDIS_URL"))
    folder = prepare(default_path(environ), service_account() if embedded else None)
    running = Running(pid=os.getpid(), port=options.port, address=_base_url(options, environ))
    with locked(folder, running) as was_killed:
        _await_port(options, supervisor, patience=KILLED_SECONDS if was_killed else 0.0)
        try:
            launch = Launch(options, folder, supervisor, read_secrets(folder))
            launch.everything(environ, running)
            supervisor.run()
        finally:
            supervisor.stop()


def _await_port(options: Options, supervisor: Supervisor, *, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return check_port(options.host, options.port)
        except LauncherError:
            if time.monotonic() >= deadline:
                raise
        supervisor.pause(0.2)


@dataclass(frozen=True)
class Launch:
    """One start, step by step."""

    options: Options
    folder: DataFolder
    supervisor: Supervisor
    secrets: Secrets

    def everything(self, environ: Mapping[str, str], running: Running) -> None:
        """Raises LauncherError where it can't go on."""
        self.supervisor.say(f"Data is kept in {self.folder.path}")
        env = self._with_servers(base_environment(self.options, environ, self.folder, self.secrets))
        self._step("Tables are up to date", lambda: self._manage(env, "migrate", "--noinput"))
        # From here on nobody may change tables any more.
        working = {name: value for name, value in env.items() if name != "MIGRATE_DATABASE_URL"}
        seeded: list[str] = []
        if self.options.demo:
            seeded = self._step("The demo agency is there", lambda: self._manage(working, "seed_demo"))
        ours = {name: value for name, value in working.items() if environ.get(name) != value}
        say_running(self.folder, replace(running, environment=ours))
        self._serve(working)
        self._await_health(running.address)
        # Only now: what the worker does first may need the pages, as the demo's own feed does.
        self._work(working)
        for line in welcome(running.address, seeded, working, self.folder):
            self.supervisor.write(line)

    def _with_servers(self, env: Environment) -> Environment:
        """Start the servers whose addresses aren't set, and add them."""
        check_servers(env)
        embedded = Embedded(self.folder, self.secrets, say=self.supervisor.say, pause=self.supervisor.pause)
        if not env.get("DATABASE_URL"):
            server, child = self._step("PostgreSQL runs", embedded.postgres)
            self.supervisor.keep("postgres", server.spawn, child=child, note=f" Its log is {server.log.path}")
            addresses = embedded.roles(server)
            env["DATABASE_URL"] = addresses.database_url
            env["MIGRATE_DATABASE_URL"] = addresses.migrate_database_url
        if not env.get("REDIS_URL"):
            broker, child = self._step("Valkey runs", embedded.valkey)
            self.supervisor.keep("valkey", broker.spawn, child=child, note=f" Its log is {broker.log.path}")
            env["REDIS_URL"] = broker.url
        return env

    def _serve(self, env: Environment) -> None:
        web = commands.web(host=self.options.host, port=self.options.port)
        self.supervisor.keep("web", lambda: Child(web, env=env, cwd=commands.ROOT))

    def _work(self, env: Environment) -> None:
        schedule = self.folder.path / "beat" / "schedule"
        schedule.parent.mkdir(exist_ok=True, mode=0o700)
        for name, queues in commands.WORKERS.items():
            worker = commands.worker(queues=queues, concurrency=commands.PROCESSES[name])
            self.supervisor.keep(name, partial(Child, worker, env=env, cwd=commands.ROOT, grace=WORKER_GRACE))
        sweeper = commands.sweeper()
        self.supervisor.keep("sweeper", lambda: Child(sweeper, env=env, cwd=commands.ROOT))
        beat = commands.beat(schedule=schedule)
        self.supervisor.keep("beat", lambda: Child(beat, env=env, cwd=commands.ROOT))

    def _await_health(self, base_url: str) -> None:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not is_healthy(self.options.host, self.options.port, base_url=base_url):
            if time.monotonic() > deadline:
                self.supervisor.say("The web process doesn't answer yet; the lines above may say why.")
                return
            self.supervisor.pause(0.1)

    def _manage(self, env: Environment, *arguments: str) -> list[str]:
        """Run a management command to its end; the lines that it printed."""
        finished = self.supervisor.run_once(
            arguments[0],
            lambda: Child(commands.manage(*arguments), env=env, cwd=commands.ROOT, errors=PIPE),
        )
        if finished.code != 0:
            for line in finished.output:
                self.supervisor.say(line)
            raise LauncherError(f"“manage.py {' '.join(arguments)}” failed; the lines above say why.")
        return finished.output

    def _step(self, done: str, work: Callable[[], T]) -> T:
        started = time.monotonic()
        result = work()
        self.supervisor.say(f"{done} ({time.monotonic() - started:.1f} s)")
        return result


def base_environment(
    options: Options, environ: Mapping[str, str], folder: DataFolder, secrets: Secrets
) -> Environment:
    """What the processes get: our own environment, and a value for what it leaves open."""
    env = dict(environ)
    address = _base_url(options, environ)
    env.setdefault("SECRET_KEY", secrets.secret_key)
    env.setdefault("EARSHOT_BASE_URL", address)
    if urlsplit(address).scheme == "http":
        env.setdefault("EARSHOT_DEVELOPMENT", "true")
        # The demo's feed and its platform are served on this machine.
        env.setdefault("EARSHOT_ALLOW_LOOPBACK", "true" if options.demo else "false")
    env.setdefault("GRANIAN_LOG_LEVEL", "warning")
    env["EARSHOT_DATA_DIR"] = str(folder.path)
    env["PYTHONUNBUFFERED"] = "1"
    return env


def welcome(address: str, seeded: list[str], env: Environment, folder: DataFolder) -> list[str]:
    """What a person needs to know once it runs."""
    mail = f"is shown here, and kept in {folder.mail}; nothing is sent"
    if env.get("EMAIL_URL"):
        parts = urlsplit(env["EMAIL_URL"])
        mail = f"goes out by {parts.scheme}://{parts.hostname or ''}"
    return [
        "",
        f"Earshot is ready at {address}",
        "",
        *seeded,
        *([""] if seeded else []),
        "Try first: sign in, open the inbox, claim a mention and write a reply to it.",
        "To watch the whole loop: uv run manage.py demo (in a second terminal).",
        f"Mail {mail}.",
        "Stop with Ctrl-C. The next start finds the data again.",
        "",
    ]


def _base_url(options: Options, environ: Mapping[str, str]) -> str:
    if environ.get("EARSHOT_BASE_URL"):
        return environ["EARSHOT_BASE_URL"].rstrip("/")
    host = EVERYWHERE.get(options.host, options.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{options.port}"

"""The stream's own process, and readers of it over real HTTP."""

import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from django.db import connection

from config.launcher import commands
from config.launcher.ports import free_port

# Reading the machine's certificates takes a while, and nothing here is signed.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
STREAM = "/api/v1/events/stream/"


@dataclass
class Process:
    """`manage.py stream`, on the test's database."""

    address: str
    process: "subprocess.Popen[bytes]"

    def reader(self, token: str, **headers: str) -> "Reader":
        return Reader(self.address, {"Authorization": f"Bearer {token}", **headers})


@contextmanager
def stream_process(log: Path, **environment: str) -> Iterator[Process]:
    port = free_port()
    settings = connection.settings_dict
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    env = {
        **os.environ,
        "DATABASE_URL": f"{base}/{settings['NAME']}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "GRANIAN_LOG_LEVEL": "warning",
        **environment,
    }
    command = commands.stream(host="127.0.0.1", port=port)
    with (
        log.open("wb") as told,
        subprocess.Popen(command, cwd=commands.ROOT, env=env, stdout=told, stderr=told) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            _await(address, process, log)
            yield Process(address, process)
        finally:
            process.terminate()
            process.wait(15)


def _await(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}/", timeout=5)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"The stream's process doesn't answer:\n{log.read_text()}")


@dataclass(frozen=True)
class Told:
    """One message; a comment is one of its own kind."""

    event: str
    id: str
    data: Any


class Reader:
    """A program that reads a stream as it should: it remembers the last id, and comes again with it."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self.address, self.headers = address, headers
        self.last = ""

    @contextmanager
    def read(self, query: str = "", *, timeout: float = 20) -> Iterator[Iterator[Told]]:
        headers = {
            **self.headers,
            "Accept": "text/event-stream",
            **({"Last-Event-ID": self.last} if self.last else {}),
        }
        address = f"{self.address}{STREAM}{query}"
        with (
            httpx.Client(timeout=timeout, verify=NO_TLS) as client,
            client.stream("GET", address, headers=headers) as answer,
        ):
            if answer.status_code != 200:
                answer.read()
            assert answer.status_code == 200, (
                f"{answer.status_code} {answer.text if answer.is_closed else ''}"
            )
            yield self._messages(answer)

    def _messages(self, answer: httpx.Response) -> Iterator[Told]:
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            if line.startswith(":"):
                yield Told("comment", "", line[1:].strip())
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                self.last = fields.get("id", self.last)
                yield Told(fields.get("event", "message"), fields.get("id", ""), orjson.loads(fields["data"]))
                fields = {}
            else:
                fields = {}

"""Calls over HTTP as quickly as they are answered, from a process of its own: raw sockets, kept open, one thread.

`python -m tests.benchmarks.load` reads one order a line from its standard input, JSON as `Order` has it, and answers
each with one line of JSON as `Tally` has it. Most clients wait longer for themselves than for the server.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from config.launcher.commands import ROOT

LONGEST = 30.0  # seconds without any answer: the server is gone


@dataclass(frozen=True, slots=True)
class Order:
    """So many clients call in turns, each when it has its answer, until the time or the requests are over.

    Attributes:
        requests: whole ones, as they go over the wire.
        again: begin anew with the first after the last.
        status: what each must be answered with.
    """

    port: int
    clients: int
    seconds: float
    requests: list[str]
    again: bool = True
    status: int = 200


@dataclass(slots=True)
class Tally:
    """`seconds`: each answer's own time. `wrong`: the first answer that wasn't as it must be."""

    elapsed: float = 0.0
    answers: int = 0
    size: int = 0
    seconds: list[float] = field(default_factory=list)
    wrong: str = ""

    @property
    def rate(self) -> float:
        return self.answers / self.elapsed


class Load:
    """The other end of the process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, order: Order) -> Tally:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        tally = Tally(**json.loads(self._process.stdout.readline()))
        assert not tally.wrong, tally.wrong
        return tally


@contextmanager
def load() -> Iterator[Load]:
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Load(process)
        finally:
            process.kill()


def request(method: str, path: str, *, token: str = "", body: str = "", prefer: str = "") -> str:
    """One request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Prefer: {prefer}"] if prefer else []
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body])


# The process -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Client:
    socket: socket.socket
    begun: float = 0.0
    got: bytearray = field(default_factory=bytearray)
    whole: int = 0  # length of the answer, once its head is there


def _run(order: Order) -> Tally:
    tally, requests = Tally(), [one.encode() for one in order.requests]
    waiting = iter(requests) if not order.again else _round(requests)
    with selectors.DefaultSelector() as selector:
        clients = [_connect(order.port) for _ in range(order.clients)]
        begun = time.perf_counter()
        busy = 0
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            busy += _send(client, waiting)
        while busy and not tally.wrong:
            ready = selector.select(LONGEST)
            if not ready:
                tally.wrong = f"No answer within {LONGEST} s."
            for key, _ in ready:
                client = key.data
                if not _receive(client, order.status, tally):
                    continue
                busy -= 1
                if time.perf_counter() - begun < order.seconds:
                    busy += _send(client, waiting)
        tally.elapsed = time.perf_counter() - begun
        for client in clients:
            client.socket.close()
    return tally


def _round(requests: Sequence[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


def _connect(port: int) -> _Client:
    connection = socket.create_connection(("127.0.0.1", port), timeout=LONGEST)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Client(connection)


def _send(client: _Client, waiting: Iterator[bytes]) -> int:
    """How many were sent: one, or none when there are no more."""
    one = next(waiting, None)
    if one is None:
        return 0
    client.begun = time.perf_counter()
    client.socket.sendall(one)
    return 1


def _receive(client: _Client, status: int, tally: Tally) -> bool:
    """Whether the answer is whole now."""
    piece = client.socket.recv(262_144)
    client.got += piece
    if not piece:
        tally.wrong = f"The server hung up: {bytes(client.got[:200])!r}"
        return True
    if not client.whole:
        head = client.got.find(b"\r\n\r\n")
        if head < 0:
            return False
        client.whole = head + 4 + _length(bytes(client.got[:head]))
    if len(client.got) < client.whole:
        return False
    tally.seconds.append(time.perf_counter() - client.begun)
    tally.answers += 1
    tally.size = len(client.got)
    if int(client.got[9:12]) != status:
        tally.wrong = bytes(client.got[:2000]).decode(errors="replace")
    client.got.clear()
    client.whole = 0
    return True


def _length(head: bytes) -> int:
    if head[9:12] == b"204":
        return 0
    at = head.lower().index(b"content-length:") + 15
    return int(head[at : at + 12].split(b"\r", 1)[0])


def main() -> None:
    for line in sys.stdin:
        given: dict[str, Any] = json.loads(line)
        sys.stdout.write(json.dumps(asdict(_run(Order(**given)))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""A receiver of webhooks that fails 30 % of the time and hangs 10 %: a real server, which remembers all that it got."""

import base64
import random
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

HANGS, FAILS = 0.10, 0.30
MUTATED = 1000


@dataclass(frozen=True, slots=True)
class Message:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    taken: bool  # answered with 2xx, whole
    verified: bool


@dataclass
class Receiver:
    """`got`: every message, whatever it was answered. `hang_seconds` is longer than a sender waits.

    Each is verified by the library as it comes; of so many, one with one thing changed is tried, too: `forged` verified.
    """

    hang_seconds: float
    secrets: dict[str, str] = field(default_factory=dict)
    mutated: int = 0
    forged: int = 0
    got: list[Message] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        owner, lock = self, Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                how = owner.mood()
                headers = {name.lower(): value for name, value in self.headers.items()}
                secret = owner.secrets[self.path]
                verified = verifies(secret, headers, body)
                with lock:
                    owner.got.append(Message(self.path, headers, body, time.time(), how == "taken", verified))
                    if owner.mutated < MUTATED:
                        owner.forged += verifies(secret, *mutate(owner.mutated, headers, body))
                        owner.mutated += 1
                    owner.did[how] += 1
                getattr(self, how)()

            def taken(self) -> None:
                self.send_response(204)
                self.end_headers()

            def error(self) -> None:
                self.send_error(500)

            def reset(self) -> None:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True

            def half(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"half of an ")
                self.close_connection = True

            def hang(self) -> None:
                time.sleep(owner.hang_seconds)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """Whoever called is gone: killed, or tired of waiting."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def mood(self) -> str:
        roll = random.random()  # noqa: S311
        if roll < HANGS:
            return "hang"
        return random.choice(("error", "reset", "half")) if roll < HANGS + FAILS else "taken"  # noqa: S311

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"


def verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def mutate(n: int, headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """In turns a byte of the body, the id, the time, or a bit of the signature is another."""
    changed, words = dict(headers), bytearray(body)
    if n % 4 == 0:
        words[random.randrange(len(words))] ^= 1  # noqa: S311
    elif n % 4 == 1:
        last = headers["webhook-id"][-1]
        changed["webhook-id"] = headers["webhook-id"][:-1] + ("1" if last == "0" else "0")
    elif n % 4 == 2:
        changed["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + random.choice((-1, 1)))  # noqa: S311
    else:
        raw = bytearray(base64.b64decode(headers["webhook-signature"].removeprefix("v1,")))
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)  # noqa: S311
        changed["webhook-signature"] = "v1," + base64.b64encode(bytes(raw)).decode()
    return changed, bytes(words)

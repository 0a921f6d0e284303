"""Real HTTP servers on 127.0.0.1 for tests: each request is answered by a function that may misbehave."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; `connection` is for answers that no server should give."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: socket.socket = field(repr=False)


@dataclass
class Server:
    port: int
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


# Bytes are sent as they are; None means that the function has said what it wanted to say.
Answer = Callable[[Asked], bytes | None]


def answer(body: bytes | str = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer."""
    body = body.encode() if isinstance(body, str) else body
    lines = {"Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode("latin-1") + body


@contextmanager
def serving(respond: Answer, host: str = "127.0.0.1") -> Iterator[Server]:
    """Serve one request a connection until the block ends; connections are left to daemon threads."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind((host, 0))
        listener.listen(16)
        server = Server(port=listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, respond, server), daemon=True).start()
        try:
            yield server
        finally:
            # Closing alone leaves the accepting thread inside the system call.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, respond: Answer, server: Server) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, respond, server), daemon=True).start()


def _serve(connection: socket.socket, respond: Answer, server: Server) -> None:
    with connection, suppress(OSError):
        asked = _read(connection)
        server.asked.append(asked)
        if (said := respond(asked)) is not None:
            connection.sendall(said)


def _read(connection: socket.socket) -> Asked:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (piece := connection.recv(65_536)):
            raise OSError("the client went away")
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    request_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    method, path, _ = request_line.split(" ")
    return Asked(method, path, headers, body, connection)

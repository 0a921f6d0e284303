"""Below the HTTP client: one deadline, connections to allowed addresses only, bounded bodies."""

import queue
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from ipaddress import ip_address

import httpcore

from agency.addresses import Address, is_global, is_loopback, literal
from agency.http_errors import BadReply, RefusedAddress, TlsFailed, TooLarge, Unresolvable

# (host, port) to addresses in the order to try; raises OSError for a name that isn't there.
Resolver = Callable[[str, int], list[str]]

_ADDRESSES_TRIED = 4
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_BARE_DEFLATE = -zlib.MAX_WBITS


class Late(Exception):
    """The deadline has passed; the client says so in its own words."""


class Deadline:
    """The end of one exchange, redirects included, and whether any of the request went out."""

    def __init__(self, seconds: float) -> None:
        self._started = time.monotonic()
        self._end = self._started + seconds
        self.sent = False

    def left(self, at_most: float | None = None) -> float:
        """Seconds left, more than zero. Raises Late."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Late
        return left if at_most is None else min(left, at_most)

    def elapsed(self) -> float:
        return time.monotonic() - self._started


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that the rules allow: resolved once, then used as numbers."""

    def __init__(
        self,
        *,
        resolve: Resolver,
        allow_loopback: bool,
        connect_seconds: float,
        deadline: Deadline,
        redirected: bool,
    ) -> None:
        self._resolve = resolve
        self._allow_loopback = allow_loopback
        self._connect_seconds = connect_seconds
        self._deadline = deadline
        self._verb = "redirects" if redirected else "leads"

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        attempt = Deadline(self._deadline.left(self._connect_seconds))
        failure: Exception = httpcore.ConnectError("no address answered")
        for address in self._allowed(host, port)[:_ADDRESSES_TRIED]:
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    str(address), port, timeout=attempt.left(), socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline, self._connect_seconds)
        raise failure

    def _allowed(self, host: str, port: int) -> list[Address]:
        found = self._addresses(host, port)
        allowed = [address for address in found if self._is_allowed(address)]
        if not allowed:
            raise RefusedAddress(f"The address {self._verb} to a private network, which Earshot never reads.")
        return allowed

    def _addresses(self, host: str, port: int) -> list[Address]:
        if address := literal(host):
            return [address]
        try:
            found = _within(self._deadline.left(), lambda: self._resolve(host, port))
            addresses = [ip_address(address) for address in dict.fromkeys(found)]
        except (OSError, ValueError) as error:
            raise Unresolvable(f"There is no host named {host}.") from error
        if not addresses:
            raise Unresolvable(f"There is no host named {host}.")
        return addresses

    def _is_allowed(self, address: Address) -> bool:
        return is_global(address) or (self._allow_loopback and is_loopback(address))


def _within(seconds: float, ask: Callable[[], list[str]]) -> list[str]:
    """The system's resolver can't be interrupted and may take a minute: leave it when late."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=answer, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty as error:
        raise Late from error
    if isinstance(found, Exception):
        raise found
    return found


class _TimedStream(httpcore.NetworkStream):
    """A connection on which no wait outlasts the exchange's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, handshake_seconds: float) -> None:
        self._stream = stream
        self._deadline = deadline
        self._handshake_seconds = handshake_seconds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, because the timeout below is one for each piece that the other side takes.
        for start in range(0, len(buffer), 65_536):
            left = self._deadline.left()
            self._deadline.sent = True
            self._stream.write(buffer[start : start + 65_536], timeout=left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(self._handshake_seconds)
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, left)
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                reason = getattr(error.__cause__, "verify_message", "") or "no secure connection"
                raise TlsFailed(f"{server_hostname} could not be trusted: {reason}.") from error
            raise
        return _TimedStream(stream, self._deadline, self._handshake_seconds)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class Body:
    """Collects and decodes an answer's body, and stops before it takes more memory than the limit.

    Args:
        coding: the Content-Encoding; gzip and deflate are what the client asks for.
    """

    def __init__(self, coding: str, max_bytes: int) -> None:
        self._coding = coding.strip().lower()
        self._max = max_bytes
        self._wire = 0
        self._out = bytearray()
        if self._coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise BadReply("The answer is compressed in a way that was not asked for.", sent=True)
        packed = self._coding not in {"", "identity"}
        self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB) if packed else None

    def add(self, chunk: bytes) -> None:
        """Raises TooLarge, BadReply."""
        self._wire += len(chunk)
        if self._wire > self._max:
            raise self._too_large()
        if self._inflater is None:
            self._take(chunk)
            return
        try:
            self._inflate(chunk, self._inflater)
        except zlib.error as error:
            raise BadReply("The answer is compressed, but broken.", sent=True) from error

    def finish(self) -> bytes:
        """The whole body. Raises BadReply when it was cut off."""
        if self._inflater is not None and self._wire and not self._inflater.eof:
            raise BadReply("The answer is compressed, but cut off.", sent=True)
        return bytes(self._out)

    def _inflate(self, data: bytes, inflater: "zlib._Decompress") -> None:
        if self._coding == "deflate" and self._wire == len(data) and not _has_zlib_header(data):
            inflater = zlib.decompressobj(_BARE_DEFLATE)
        while data:
            if inflater.eof:
                if not data.startswith(b"\x1f\x8b"):
                    break  # padding after the end, which others ignore as well
                inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
            self._take(inflater.decompress(data, self._max - len(self._out) + 1))
            data = inflater.unconsumed_tail or inflater.unused_data
        self._inflater = inflater

    def _take(self, piece: bytes) -> None:
        self._out += piece
        if len(self._out) > self._max:
            raise self._too_large()

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The answer is larger than {self._max / 1e6:g} MB.", sent=True)


def _has_zlib_header(data: bytes) -> bool:
    """Some servers send a bare stream where the standard wants zlib's header."""
    return len(data) > 1 and data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0

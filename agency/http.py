"""The one way out: every HTTP request that Earshot makes goes through `Client`.

The URLs come from people, feeds and redirects, so a request may lead anywhere. The client resolves
a name once, connects to a global address of that answer and to no other, checks each redirect
again, and ends the whole exchange at one deadline, however slowly the other side drips. It keeps no
connection and no cookie, and knows no proxy: an exchange leaves nothing for the next tenant's.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import certifi
import httpcore
import orjson

from agency.addresses import NotAnAddress, Target, parse_url
from agency.http_errors import (
    BadReply,
    BadUrl,
    HttpError,
    RefusedAddress,
    TimedOut,
    TlsFailed,
    TooLarge,
    TooManyRedirects,
    Unreachable,
    Unresolvable,
)
from agency.wire import Body, Deadline, GuardedBackend, Late, Resolver

__all__ = [
    "BadReply",
    "BadUrl",
    "Client",
    "HttpError",
    "Limits",
    "RefusedAddress",
    "Reply",
    "TimedOut",
    "TlsFailed",
    "TooLarge",
    "TooManyRedirects",
    "Unreachable",
    "Unresolvable",
    "check_url",
    "origin_of",
]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What goes along to another origin: a token may be in any other header, whatever its name.
_HARMLESS = frozenset({"accept", "accept-language", "if-none-match", "if-modified-since"})
_OURS = frozenset({"host", "connection", "accept-encoding", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_bytes` counts decoded bytes; `total_seconds` is for all of it, redirects included."""

    max_bytes: int = 5_000_000
    total_seconds: float = 30.0
    connect_seconds: float = 10.0
    redirects: int = 5


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, of whatever status.

    Attributes:
        headers: by lower-case name, repeated ones joined by ", ", as latin-1.
        body: decoded; empty for a redirect that was not followed.
        url: what answered, after redirects.
        elapsed: seconds.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    elapsed: float


def check_url(url: str) -> str:
    """The URL, normalised, if the client could call it as far as one sees without looking it up.

    Raises:
        BadUrl: with a sentence for the person who entered it.
    """
    return _parse(url).url


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what a secret that was given for one address may be sent to. Raises: BadUrl."""
    return _parse(url).origin


def system_resolver(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


@cache
def _system_trust() -> ssl.SSLContext:
    """Loading the authorities takes 20 ms, so once a process."""
    return ssl.create_default_context(cafile=certifi.where())


class Client:
    """Makes requests within limits; has no state, so one serves all threads.

    Args:
        allow_loopback: for development, admit 127.0.0.0/8 and ::1, and nothing else private.
        resolve: name and port to addresses.
        tls: whom to trust; by default the authorities that Mozilla trusts.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        user_agent: str = "Earshot",
        limits: Limits = DEFAULT_LIMITS,
        resolve: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.allow_loopback = allow_loopback
        self.user_agent = user_agent
        self.limits = limits
        self._resolve = resolve
        self._tls = tls

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Read a URL, following redirects to wherever the rules allow, also from https to http:
        feeds do that, and what they hold is public. To another origin only harmless headers go.

        Raises:
            HttpError: one of its kinds. Any status that is answered is a Reply.
        """
        target, sent = _parse(url), _own(headers)
        deadline = Deadline(self.limits.total_seconds)
        for hop in range(self.limits.redirects + 1):
            reply = self._exchange("GET", target, sent, None, deadline, redirected=hop > 0)
            if not _redirects(reply):
                return reply
            following = _follow(target, reply.headers["location"])
            if following.origin != target.origin:
                sent = {name: value for name, value in sent.items() if name in _HARMLESS}
            target = following
        raise TooManyRedirects(f"The address redirects more than {self.limits.redirects} times.", sent=True)

    def post(
        self,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send `content`, or `json` encoded. A redirect is the answer: what is sent goes to the
        address that was named, or nowhere.

        Raises:
            HttpError: one of its kinds; `sent` says whether the other side may have acted.
        """
        sent = _own(headers)
        if content is None:
            content = orjson.dumps(json)
            sent.setdefault("content-type", "application/json")
        deadline = Deadline(self.limits.total_seconds)
        return self._exchange("POST", _parse(url), sent, content, deadline, redirected=False)

    def _exchange(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        content: bytes | None,
        deadline: Deadline,
        *,
        redirected: bool,
    ) -> Reply:
        backend = GuardedBackend(
            resolve=self._resolve,
            allow_loopback=self.allow_loopback,
            connect_seconds=self.limits.connect_seconds,
            deadline=deadline,
            redirected=redirected,
        )
        pool = httpcore.ConnectionPool(
            ssl_context=self._tls or _system_trust(),
            max_keepalive_connections=0,
            network_backend=backend,
        )
        try:
            with (
                pool,
                pool.stream(
                    method, _url(target), headers=self._headers(target, headers), content=content
                ) as response,
            ):
                return self._reply(response, target, deadline)
        except (Late, httpcore.TimeoutException) as error:
            raise self._timed_out(target, deadline) from error
        except httpcore.ConnectError as error:
            raise Unreachable(f"{target.host} does not answer.") from error
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            raise BadReply(
                f"{target.host} broke off, or answered with something that is not HTTP.",
                sent=deadline.sent,
            ) from error

    def _reply(self, response: httpcore.Response, target: Target, deadline: Deadline) -> Reply:
        headers = _received(response)
        reply = Reply(response.status, headers, b"", target.url, deadline.elapsed())
        if _redirects(reply):
            return reply
        body = Body(headers.get("content-encoding", ""), self.limits.max_bytes)
        for chunk in response.iter_stream():
            deadline.left()
            body.add(chunk)
        return Reply(reply.status, headers, body.finish(), target.url, deadline.elapsed())

    def _headers(self, target: Target, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
        ours = {
            "host": target.authority,
            "user-agent": self.user_agent,
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            "connection": "close",
        }
        return [
            (name.encode("ascii"), value.encode("latin-1")) for name, value in {**ours, **headers}.items()
        ]

    def _timed_out(self, target: Target, deadline: Deadline) -> TimedOut:
        if deadline.sent:
            seconds = f"{self.limits.total_seconds:g}"
            return TimedOut(f"{target.host} took longer than {seconds} seconds.", sent=True)
        return TimedOut(f"{target.host} does not answer.")


def _parse(url: str) -> Target:
    try:
        return parse_url(url)
    except NotAnAddress as error:
        raise BadUrl(str(error)) from error


def _follow(target: Target, location: str) -> Target:
    try:
        return target.join(_utf8(location))
    except NotAnAddress as error:
        raise BadUrl(f"The address redirects to one that can't be read. {error}", sent=True) from error


def _utf8(value: str) -> str:
    """Locations are sent as raw UTF-8 by many, against the standard."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def _redirects(reply: Reply) -> bool:
    return reply.status in _REDIRECTS and "location" in reply.headers


def _own(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's headers by lower-case name, without those that belong to the connection."""
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return {name: value for name, value in lower.items() if name not in _OURS}


def _received(response: httpcore.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _url(target: Target) -> httpcore.URL:
    return httpcore.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode(),
    )

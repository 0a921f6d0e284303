"""Posting by the Standard Webhooks specification, through the one way out: for notices and for events."""

import base64
import html
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from standardwebhooks import Webhook

from agency.addresses import is_global, is_loopback, literal
from agency.http import BadUrl, Client, HttpError, Limits, RefusedAddress, check_url

MOST_BYTES = 100_000
CONNECT_SECONDS = 5.0
SECONDS = 15.0
USER_AGENT = "Earshot-Webhook"
GONE = 410
# What is shorter in an address guards nothing.
SHORTEST_TOKEN = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: None where nothing that is HTTP came.
        error: a sentence without secrets; "" where it was taken.
        refused: the address is one that is never called.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""
    refused: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.error

    @property
    def gone(self) -> bool:
        return self.status == GONE


def new_signing() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(message_id: str, body: bytes, *, at: datetime, by: Sequence[str]) -> dict[str, str]:
    """Of one attempt. The id is the same for each, so that a receiver knows what it has got already.

    Args:
        by: the secrets that receivers may know, one signature each.
    """
    moment = at.astimezone(UTC)
    signatures = [Webhook(secret).sign(message_id, moment, body.decode()) for secret in by]
    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def post_signed(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS) -> Answer:
    """Never inside a transaction. Follows no redirect, calls no private address, and ends in time."""
    limits = Limits(
        max_bytes=MOST_BYTES,
        total_seconds=seconds,
        connect_seconds=min(CONNECT_SECONDS, seconds),
        redirects=0,
    )
    http = Client(allow_loopback=settings.ALLOW_LOOPBACK, limits=limits, user_agent=USER_AGENT)
    begun = time.monotonic()
    try:
        reply = http.post(url, content=body, headers=headers)
    except HttpError as error:
        refused = isinstance(error, RefusedAddress | BadUrl)
        return Answer(error=error.message, refused=refused, seconds=time.monotonic() - begun)
    said = "" if 200 <= reply.status < 300 else say_status(reply.status)
    return Answer(reply.status, reply.headers, reply.body, said, seconds=reply.elapsed)


def say_status(status: int) -> str:
    if status == GONE:
        return "The receiver says that nobody is there any more (410)."
    if 300 <= status < 400:
        return f"The receiver redirects ({status}): enter the address that it leads to."
    return f"The receiver answered {status}."


def check_webhook_url(address: str) -> str:
    """What is wrong with an address to post to, as a sentence; "" for nothing. Calls nobody."""
    try:
        url = urlsplit(check_url(address))
    except BadUrl as error:
        return error.message
    ip = literal(url.hostname or "")
    inner = ip is not None and not is_global(ip)
    if inner and not (settings.ALLOW_LOOPBACK and ip is not None and is_loopback(ip)):
        return "The address leads to a private network, which Earshot never calls."
    if url.scheme != "https" and not inner:
        return "The address must begin with https://: what is sent tells of your clients."
    return ""


def hiding(address: str) -> Callable[[str], str]:
    """Takes what may be a token in an address out of what its server says: many repeat the path that isn't there."""
    try:
        url = urlsplit(check_url(address))
    except BadUrl:
        return str
    whole = f"{url.path}?{url.query}" if url.query else url.path
    pieces = {whole, url.path, url.query, *url.path.split("/"), *re.split("[&=]", url.query)}
    pieces |= {unquote(piece) for piece in pieces}
    pieces |= {html.escape(piece) for piece in pieces} | {quote(piece, safe="") for piece in pieces}
    told = sorted((piece for piece in pieces if len(piece) >= SHORTEST_TOKEN), key=len, reverse=True)
    if not told:
        return str
    found = re.compile("|".join(map(re.escape, told)), re.IGNORECASE)
    return lambda text: found.sub("…", text)


def shown_origin(address: str) -> str:
    """What may be shown of an address: the host, never a token."""
    url = urlsplit(check_url(address))
    return f"{url.scheme}://{url.netloc}"[:120]

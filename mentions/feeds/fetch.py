"""Reading a feed over HTTP for the platforms that are feeds: politely, and each entry once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any

from agency.http import BadUrl, Client, HttpError, Reply, check_url
from mentions.feeds.entries import Entry, FeedError
from mentions.feeds.parse import parse_feed
from mentions.feeds.tokens import with_token
from mentions.platforms.base import Page, PlatformError

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"
)
_SEEN_KEPT = 2_000
_LONGEST_VALIDATOR = 500
_LONGEST_WAIT = 24 * 3600
# Trying again changes nothing until somebody changes the address.
_FINAL = frozenset({"bad_url", "refused_address"})
_REFUSALS = {
    401: ("forbidden", "The feed asks for a user name and password, and the source has none."),
    403: ("forbidden", "The feed's server refuses to give it to Earshot."),
    404: ("not_found", "There is no feed at that address."),
    410: ("gone", "The feed is gone for good, its server says."),
    429: ("rate_limited", "The feed's server asks to be read less often."),
}
_NOT_ACCEPTED = "The feed's server doesn't accept the source's user name and password."


def check_feed_url(value: object) -> str:
    """ "" if the value can be the address of a feed, else what is wrong with it."""
    if not isinstance(value, str) or not value.strip():
        return "Enter the address of a feed."
    try:
        check_url(value)
    except BadUrl as error:
        return error.sentence
    return ""


def fetch_feed(
    url: str, *, cursor: Mapping[str, Any], http: Client, token: str = "", authorization: str = ""
) -> Page:
    """Read a feed if it has changed, and return the entries that the cursor hasn't seen.

    Args:
        cursor: `{"url", "etag", "modified", "seen"}` from the last page, or empty. `seen` has short
            hashes of the newest 2,000 keys.
        token: the secret part of the address: asked for, and kept nowhere.
        authorization: of a feed behind a password. It isn't sent on to where another server redirects.

    Raises:
        PlatformError: the HTTP client's and the feed reader's codes, and `gone`, `not_found`,
            `forbidden`, `rate_limited`, `server_error`, `unexpected_status`.
    """
    try:
        headers = {"Accept": _ACCEPT, **_conditions(url, cursor)}
        if authorization:
            headers["Authorization"] = authorization
        reply = http.get(with_token(url, token), headers)
    except HttpError as error:
        raise PlatformError(error.code, error.sentence, error.code not in _FINAL) from error
    if reply.status == 304:
        return Page(entries=(), cursor=dict(cursor), not_modified=True, status=304)
    if not 200 <= reply.status < 300:
        raise _refusal(reply, signed_in=bool(authorization))
    return _page(url, reply, cursor, base_url=reply.url.split("?", 1)[0] if token else reply.url)


def _page(url: str, reply: Reply, cursor: Mapping[str, Any], *, base_url: str) -> Page:
    content_type = reply.headers.get("content-type", "")
    try:
        feed = parse_feed(reply.body, content_type=content_type, base_url=base_url)
    except FeedError as error:
        raise PlatformError(error.code, error.sentence, retryable=True) from error
    before = _seen(cursor)
    hashes = [_short_hash(entry) for entry in feed.entries]
    known = set(before)
    unseen = tuple(e for e, h in zip(feed.entries, hashes, strict=True) if h not in known)
    return Page(
        entries=unseen,
        cursor=_next_cursor(url, reply, hashes, before),
        title=feed.title,
        status=reply.status,
    )


def _refusal(reply: Reply, *, signed_in: bool) -> PlatformError:
    """The error for an answer that is no success."""
    wait = retry_after(reply)
    if reply.status == 401 and signed_in:
        return PlatformError("forbidden", _NOT_ACCEPTED, retryable=True, retry_after=wait)
    if reply.status in _REFUSALS:
        code, sentence = _REFUSALS[reply.status]
        return PlatformError(code, sentence, retryable=code != "gone", retry_after=wait)
    sentence = f"The server answers with an error (HTTP status {reply.status})."
    code = "server_error" if reply.status >= 500 else "unexpected_status"
    return PlatformError(code, sentence, retryable=True, retry_after=wait)


def retry_after(reply: Reply) -> int | None:
    """The seconds of a Retry-After header, in either of its forms, at most a day."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
        since = parsedate_to_datetime(reply.headers["date"])
    except KeyError:
        since = datetime.now(UTC)
    except (ValueError, OverflowError):
        return None
    seconds = (_aware(until) - _aware(since)).total_seconds()
    return int(min(max(seconds, 0), _LONGEST_WAIT))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _conditions(url: str, cursor: Mapping[str, Any]) -> dict[str, str]:
    if cursor.get("url") != url:
        return {}
    validators = {"If-None-Match": cursor.get("etag"), "If-Modified-Since": cursor.get("modified")}
    return {name: value for name, value in validators.items() if value and isinstance(value, str)}


def _next_cursor(url: str, reply: Reply, hashes: Sequence[str], before: Sequence[str]) -> dict[str, Any]:
    seen = [*dict.fromkeys([*hashes, *before])][: max(_SEEN_KEPT, len(hashes))]
    return {
        "url": url,
        "etag": _validator(reply, "etag"),
        "modified": _validator(reply, "last-modified"),
        "seen": seen,
    }


def _validator(reply: Reply, name: str) -> str:
    value = reply.headers.get(name, "")
    return value if len(value) <= _LONGEST_VALIDATOR else ""


def _seen(cursor: Mapping[str, Any]) -> list[str]:
    seen = cursor.get("seen")
    return [value for value in seen if isinstance(value, str)] if isinstance(seen, list) else []


def _short_hash(entry: Entry) -> str:
    return blake2b(entry.key.encode(), digest_size=8).hexdigest()

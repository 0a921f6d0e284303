"""RSS 0.9x to 2.0 and Atom by feedparser, which forgives what feeds in the wild do wrong."""

import calendar
import io
import re
import time
from datetime import UTC, datetime
from typing import Any

import feedparser

from mentions.feeds.entries import Feed, FeedError, Limits
from mentions.feeds.make import Found, make_feed, text_of

_HTML = ("text/html", "application/xhtml+xml")
_EPOCH = re.compile(r"\d{9,10}")
_MILLISECONDS = re.compile(r"\d{12,13}")
_EMAIL = re.compile(r"([^\s<>()@\"]{1,64})@[^\s<>()@\"]{1,255}")
_AROUND_EMAIL = re.compile(r"[<>()\"]|\bmailto:")
_THREADING = frozenset(
    {"http://purl.org/syndication/thread/1.0", "http://purl.org/rss/1.0/modules/threading"}
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def read_xml(text: str, *, base_url: str, limits: Limits) -> Feed:
    """Read a feed that begins at its root element.

    Raises:
        FeedError: nothing in it can be used.
    """
    # A stream, because feedparser opens a string that looks like a file or a URL. No base, because
    # it would make an address of every guid. No sanitising, because only text is taken.
    parsed = feedparser.parse(
        io.BytesIO(text.encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    if parsed.bozo and not parsed.entries:
        raise FeedError("malformed", "The feed is broken, and no entry in it can be read.")
    feed = parsed.feed
    answers = _answers_names(parsed.namespaces)
    found = [_found(entry, feed, answers) for entry in parsed.entries[: limits.entries]]
    return make_feed(_text(feed, "title"), found, base_url=base_url, limits=limits)


def _answers_names(namespaces: Any) -> list[str]:
    """What feedparser calls `in-reply-to` of RFC 4685: by the prefix that the feed itself chose."""
    prefixes = {prefix for prefix, name in namespaces.items() if _string(name).rstrip("/") in _THREADING}
    return [f"{prefix}_in-reply-to" if prefix else "in-reply-to" for prefix in sorted({*prefixes, "thr"})]


def _found(entry: Any, feed: Any, answers: list[str]) -> Found:
    guid = _string(entry.get("id"))
    link = _string(entry.get("feedburner_origlink") or entry.get("link"))
    if link == guid and not _ABSOLUTE.match(link):
        link = ""  # feedparser takes any guid for a link where there is none
    name, url = _author(entry, feed)
    said = next((said for name in answers if isinstance(said := dict.get(entry, name), dict)), {})
    return Found(
        guid=guid,
        link=link,
        title=_text(entry, "title"),
        body=_body(entry),
        author_name=name,
        author_url=url,
        published_at=_date(entry, "published") or _date(entry, "updated"),
        language=_language(entry, feed),
        counts=_counts(entry),
        answers_ref=_string(said.get("ref")),
        answers_href=_string(said.get("href")),
        comments=_string(dict.get(entry, "comments")),
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text(holder: Any, name: str) -> str:
    """A field of the feed or an entry; read as HTML where an odd feed leaves it without a type."""
    detail = holder.get(f"{name}_detail") or {"value": holder.get(name), "type": "text/html"}
    return text_of(_string(detail.get("value")), is_html=detail.get("type") in _HTML)


def _body(entry: Any) -> str:
    """The longest of the contents, or the summary: feeds put an excerpt into one of them."""
    contents = [
        text_of(_string(content.get("value")), is_html=content.get("type") in _HTML)
        for content in entry.get("content") or []
        if str(content.get("type") or "text/html").startswith(("text/", "application/xhtml"))
    ]
    return max([*contents, _text(entry, "summary")], key=len)


def _author(entry: Any, feed: Any) -> tuple[str, str]:
    source = entry.get("source") or {}
    for holder in (entry, source, feed):
        detail = holder.get("author_detail") or {}
        if name := _name(_string(holder.get("author"))):
            return name, _string(detail.get("href"))
        if holder is source and (title := _string(source.get("title"))):
            return title, _string(source.get("href"))
    return "", ""


def _name(author: str) -> str:
    """The name in "ana@corp.example (Ana)" and the like; the first half of an address without one.

    feedparser's own division of this takes the ends of newer domains for names.
    """
    email = _EMAIL.search(author)
    if email is None:
        return author.strip()
    around = f"{author[: email.start()]} {author[email.end() :]}"
    return " ".join(_AROUND_EMAIL.sub(" ", around).split()) or email[1]


def _date(entry: Any, name: str) -> datetime | None:
    # FeedParserDict answers for another field where one is missing, so ask the dict itself.
    written = _string(dict.get(entry, name)).strip()
    if _EPOCH.fullmatch(written):
        return datetime.fromtimestamp(int(written), UTC)
    if _MILLISECONDS.fullmatch(written):
        return datetime.fromtimestamp(int(written) / 1_000, UTC)
    parsed = dict.get(entry, f"{name}_parsed")
    if not isinstance(parsed, time.struct_time):
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _language(entry: Any, feed: Any) -> str:
    details = [
        *(entry.get("content") or []),
        entry.get("summary_detail"),
        entry.get("title_detail"),
    ]
    named = [entry.get("language"), *(detail.get("language") for detail in details if detail)]
    return next((language for language in map(_string, [*named, feed.get("language")]) if language), "")


def _counts(entry: Any) -> dict[str, str]:
    found = {
        "views": (entry.get("media_statistics") or {}).get("views"),
        "likes": (entry.get("media_starrating") or {}).get("count"),
        "comments": entry.get("slash_comments") or entry.get("thr_total"),
    }
    return {name: _string(count) for name, count in found.items() if count}

"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from agency.text import html_to_text
from mentions.feeds.entries import Feed, FeedError, Limits
from mentions.feeds.make import Found, make_feed

_VERSION = re.compile(r"https?://(www\.)?jsonfeed\.org/version/1")


def read_json(text: str, *, base_url: str, limits: Limits) -> Feed:
    """Read a JSON Feed; an item that isn't one is left out.

    Raises:
        FeedError: it is not JSON, or not a JSON Feed.
    """
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedError("malformed", "The address answers with JSON that is broken.") from error
    items = feed.get("items")
    if not _VERSION.match(_string(feed.get("version"))) or not isinstance(items, list):
        raise FeedError("not_a_feed", "That is JSON, but not a JSON Feed.")
    found = [_found(item, feed) for item in items[: limits.entries] if isinstance(item, dict)]
    return make_feed(_string(feed.get("title")), found, base_url=base_url, limits=limits)


def _found(item: dict[str, Any], feed: dict[str, Any]) -> Found:
    name, url = _author(item) or _author(feed) or ("", "")
    return Found(
        guid=_guid(item.get("id")),
        link=_string(item.get("url")) or _string(item.get("external_url")),
        title=_string(item.get("title")),
        body=_body(item),
        author_name=name,
        author_url=url,
        published_at=_date(item.get("date_published")) or _date(item.get("date_modified")),
        language=_string(item.get("language")) or _string(feed.get("language")),
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _guid(value: object) -> str:
    """Ids are strings, but "if a number, it must be read as a string"."""
    return str(value) if isinstance(value, int | float) else _string(value)


def _body(item: dict[str, Any]) -> str:
    text = _string(item.get("content_text"))
    html = html_to_text(_string(item.get("content_html")))
    return max(text, html, key=len) or _string(item.get("summary"))


def _author(holder: dict[str, Any]) -> tuple[str, str] | None:
    """Version 1.1 has a list, 1.0 a single one."""
    listed = holder.get("authors")
    for author in [*(listed if isinstance(listed, list) else []), holder.get("author")]:
        if isinstance(author, dict) and _string(author.get("name")):
            return _string(author["name"]), _string(author.get("url"))
    return None


def _date(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_string(value).strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

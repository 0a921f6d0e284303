"""From what a format's reader found to a clean Entry: the same care for every format."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

from agency.markup import unescape
from agency.text import clean, html_to_text, one_line, safe_link
from mentions.feeds.entries import Entry, Feed, Limits
from mentions.feeds.keys import entry_key, unwrap
from mentions.feeds.threads import answered_keys, comments_key, of_one_item, page_key

_TAG = re.compile(r"<[a-zA-Z/!]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)
# Before the web, or so far ahead that it is no date: the field holds something else.
_CREDIBLE_YEARS = range(1990, 2100)
_COUNT = re.compile(r"\d{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry in the feed's own words, title and body as plain text."""

    guid: str = ""
    link: str = ""
    title: str = ""
    body: str = ""
    author_name: str = ""
    author_url: str = ""
    published_at: datetime | None = None
    language: str = ""
    counts: dict[str, str] = field(default_factory=dict)
    answers_ref: str = ""
    answers_href: str = ""
    comments: str = ""


def make_feed(title: str, found: list[Found], *, base_url: str, limits: Limits) -> Feed:
    """Clean the entries and keep the first of each key; one that says nothing is left out."""
    entries: dict[str, Entry] = {}
    found = found[: limits.entries]
    discussed = of_one_item(comments_key(_absolute(item.comments, base_url)) for item in found)
    for item in found:
        entry = make_entry(item, base_url=base_url, limits=limits, discussed=discussed)
        if entry.text or entry.url:
            entries.setdefault(entry.key, entry)
    return Feed(title=one_line(title, 300), entries=tuple(entries.values()))


def make_entry(
    found: Found, *, base_url: str, limits: Limits, discussed: frozenset[str] = frozenset()
) -> Entry:
    """`discussed`: pages with the discussion of one item alone."""
    shown = _absolute(found.link, base_url)
    url = _absolute(unwrap(shown), base_url)
    title = one_line(found.title, 300)
    text = _whole_text(title, clean(found.body), limits.text)
    author_name, author_url = _author(found, url, base_url)
    guid, feed_host = clean(found.guid, multiline=False), urlsplit(base_url).hostname or ""
    key = entry_key(link=url, guid=guid, text=text, feed_host=feed_host, wrapped=url != shown)
    ref, href = one_line(found.answers_ref, 2000), _absolute(found.answers_href, base_url)
    answers = answered_keys(ref=ref, href=href, feed_host=feed_host)
    comments = comments_key(_absolute(found.comments, base_url))
    return Entry(
        key=key,
        url=url,
        title=title,
        text=text,
        author_name=author_name,
        author_url=author_url,
        published_at=_credible(found.published_at),
        language=language_tag(found.language),
        counts={name: int(n) for name, n in found.counts.items() if _COUNT.fullmatch(n)},
        in_reply_to=href or ref,
        answers=tuple(answer for answer in answers if answer != key),
        conversation=page_key(url, guid) or (comments if comments in discussed else ""),
    )


def text_of(value: str, *, is_html: bool) -> str:
    """A field's plain text. In HTML without a tag lines count, as in YouTube's descriptions."""
    if is_html:
        return html_to_text(value) if _TAG.search(value) else clean(unescape(value))
    return clean(value)


def language_tag(language: str) -> str:
    tag = language.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        return ""
    return tag if len(tag) <= 12 else tag.partition("-")[0]


def _absolute(link: str, base_url: str) -> str:
    try:
        return safe_link(urljoin(base_url, link.strip())) or "" if link.strip() else ""
    except ValueError:
        return ""


def _whole_text(title: str, body: str, limit: int) -> str:
    """Title and body, the title once where the body begins with it (Mastodon, Bluesky)."""
    opening = title.removesuffix("…").removesuffix("...").rstrip()
    if not opening or " ".join(body.split()).startswith(opening):
        return clean(body, max_length=limit)
    return clean(f"{title}\n\n{body}", max_length=limit)


def _author(found: Found, url: str, base_url: str) -> tuple[str, str]:
    """Who wrote it; the site that published it where nobody is named (news, Google Alerts)."""
    name = one_line(found.author_name, 200)
    if name:
        return name, _absolute(found.author_url, base_url)
    return _site(url)


def names_site(entry: Entry) -> bool:
    """Whether nobody is named as the author, so that the site stands in."""
    return bool(entry.author_url) and (entry.author_name, entry.author_url) == _site(entry.url)


def _site(url: str) -> tuple[str, str]:
    site = urlsplit(url)
    if site.scheme not in {"http", "https"} or not site.hostname:
        return "", ""
    return one_line(site.hostname.removeprefix("www."), 200), f"{site.scheme}://{site.netloc}/"


def _credible(moment: datetime | None) -> datetime | None:
    try:
        moment = moment and moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if moment and moment.year in _CREDIBLE_YEARS else None

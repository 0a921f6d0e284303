"""What a feed says, in the shape that the rest of Earshot reads: dataclasses and the one error."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One post as its source shows it. All text is clean, all links are safe.

    Attributes:
        key: the post's identity, the same wherever it is seen (`mentions.feeds.keys`), at most 600
            characters.
        url: where people read it, or "". At most 2,000 characters.
        title: one line, at most 300 characters; "" where the source has none.
        text: the title and what follows it, as plain text, at most `Limits.text` characters.
        author_name: the author, or the site that published, at most 200 characters.
        author_url: the author's page, or "".
        published_at: aware, UTC; None where the source says nothing credible. May be in the future.
        language: BCP 47, at most 12 characters, or "".
        counts: "views", "likes", "comments" to numbers, each where the source tells.
        in_reply_to: the address (or else the id) of what it answers, as the source says, or "".
        answers: keys that what it answers may have, the likeliest first; empty where it answers nothing.
        conversation: the key of the page or discussion that it is part of, as the source says, or "".
    """

    key: str
    url: str
    title: str
    text: str
    author_name: str
    author_url: str
    published_at: datetime | None
    language: str
    counts: dict[str, int] = field(default_factory=dict)
    in_reply_to: str = ""
    answers: tuple[str, ...] = ()
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """Entries as the feed orders them; an entry that it holds twice is here once."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one feed may take.

    Attributes:
        seconds: wall clock, the start of the child process included, and CPU.
        memory: bytes of address space.
        entries: those beyond, at the feed's end, are left out.
        text: characters of one entry.
    """

    seconds: float = 10.0
    memory: int = 512 * 1024 * 1024
    entries: int = 1_000
    text: int = 20_000


DEFAULT_LIMITS = Limits()


class FeedError(Exception):
    """The source's fault, in words for the person who set it up.

    Attributes:
        code: `empty`, `not_a_feed`, `malformed`, `entities`, `too_slow`, `too_much_memory`,
            `crashed`.
        suggestion: the address of a feed that the page names, or "".
    """

    def __init__(self, code: str, sentence: str, *, suggestion: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.suggestion = suggestion


def entry_to_json(entry: Entry) -> dict[str, Any]:
    published_at = entry.published_at.isoformat() if entry.published_at else None
    return {
        "key": entry.key,
        "url": entry.url,
        "title": entry.title,
        "text": entry.text,
        "author_name": entry.author_name,
        "author_url": entry.author_url,
        "published_at": published_at,
        "language": entry.language,
        "counts": entry.counts,
        "in_reply_to": entry.in_reply_to,
        "answers": entry.answers,
        "conversation": entry.conversation,
    }


def entry_from_json(data: dict[str, Any]) -> Entry:
    """Raises TypeError or ValueError for what `entry_to_json` didn't make."""
    published_at = data["published_at"]
    moment = published_at and datetime.fromisoformat(published_at)
    return Entry(**{**data, "published_at": moment, "answers": tuple(data["answers"])})

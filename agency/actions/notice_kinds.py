"""The kinds of notices: how each is written, and what follows when it is sent, given up or acknowledged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agency.actor import Actor
from agency.models import Notice


@dataclass(frozen=True, slots=True)
class Mail:
    """What a notice says.

    Attributes:
        short: for text messages: at most 300 characters, its link included; the subject where there is none.
    """

    subject: str
    text: str
    html: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a notice is about, for the page on which it is acknowledged.

    Attributes:
        url: where the whole of it is, for who can sign in.
    """

    title: str
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """All of them run inside the notice's agency.

    Attributes:
        write: None where the notice has lost its reason. One that asks to be acknowledged puts `make_ack_link` into it.
        sent: it was handed over; once for each channel.
        failed: it reaches nobody: every channel and the mail in their place were given up. Once.
        acknowledged: somebody took what it is about. A kind without this asks nobody.
        about: for the page of the acknowledgement; None where it lost its reason. Writes nothing.
        lock: locks the mention that it is about, before the notice's own row is, so that two doors can't wait for each
            other: for kinds whose `failed` or `acknowledged` touch a mention.
        title: what the kind is called in lists.
    """

    write: Callable[[Notice, datetime], Mail | None]
    sent: Callable[[Notice, datetime], None] = lambda notice, now: None
    failed: Callable[[Notice, datetime], None] = lambda notice, now: None
    acknowledged: Callable[[Notice, Actor, datetime], None] | None = None
    about: Callable[[Notice], About | None] = lambda notice: About("A notice from Earshot")
    lock: Callable[[Notice], None] = lambda notice: None
    title: str = ""


_kinds: dict[str, NoticeKind] = {}


def register_notice(kind: str, handling: NoticeKind) -> None:
    _kinds[kind] = handling


def handling_of(kind: str) -> NoticeKind:
    return _kinds[kind]


def asks_to_be_acknowledged(kind: str) -> bool:
    handling = _kinds.get(kind)
    return handling is not None and handling.acknowledged is not None


def title_of(kind: str) -> str:
    """What a kind is called in lists: “Mention urgent” for one that states nothing better."""
    handling = _kinds.get(kind)
    return (handling.title if handling else "") or kind.replace(".", " ").replace("_", " ").capitalize()


def titles() -> list[tuple[str, str]]:
    """(kind, title) of every kind, by title: what lists offer to choose from."""
    return sorted(((kind, title_of(kind)) for kind in _kinds), key=lambda one: (one[1].casefold(), one[0]))

"""What can happen: every type of event that feeds and webhooks tell, with an example of what it tells.

Each app declares its own types in its `event_types` module. An event may be told only if its type is declared, with
exactly the fields of the example (`agency.actions.events`): what programs read about is what they get.

What is told are ids, states, numbers and times; never the text of a post or reply, and nobody's address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# The part of an event's data that every event has (`agency.events_shown`).
COMMON = frozenset({"id", "number", "subject"})

MEMBER = "0195677c-0a54-7000-8d2f-0f3c9a6b1e01"
OTHER_MEMBER = "0195677c-0a54-7000-8d2f-0f3c9a6b1e02"
CLIENT = "0195677c-0a54-7000-8d2f-0f3c9a6b1e03"


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event.

    Attributes:
        name: `noun.past`.
        says: what has happened, as a sentence.
        example: the type's own data; `about` in it means nothing, its fields do.
    """

    name: str
    says: str
    example: Mapping[str, Any]


class UndeclaredEvent(TypeError):
    """An event of a type that nobody declared, or with other fields: a programming error."""


_types: dict[str, EventType] = {}


def register(*types: EventType) -> None:
    """Declare types. Each once; the module that declares them may be loaded again."""
    for one in types:
        if clash := COMMON & one.example.keys():
            raise UndeclaredEvent(f"{one.name}: every event has {', '.join(sorted(clash))} already.")
        if _types.setdefault(one.name, one) != one:
            raise UndeclaredEvent(f"{one.name} is declared twice.")


def event_types() -> Mapping[str, EventType]:
    """Name → type, by name."""
    return MappingProxyType(dict(sorted(_types.items())))


def check_event(name: str, data: Mapping[str, Any]) -> None:
    """Raises: UndeclaredEvent."""
    known = _types.get(name)
    if known is None:
        raise UndeclaredEvent(f"Nobody declared {name}: see agency/event_types.py.")
    if data.keys() != known.example.keys():
        raise UndeclaredEvent(
            f"{name} tells {sorted(data)}, but it is declared to tell {sorted(known.example)}."
        )


register(
    EventType("agency.changed", "The agency's settings were changed.", {"changed": ["name", "time_zone"]}),
    EventType("channel.added", "A way to reach a member or a room was added.", {"kind": "slack"}),
    EventType("channel.changed", "A channel was changed.", {"kind": "slack"}),
    EventType("channel.deleted", "A channel was deleted.", {"kind": "slack"}),
    EventType(
        "channel.disabled",
        "Nothing arrived by a channel several times, so it was disabled.",
        {"kind": "slack"},
    ),
    EventType("channel.enabled", "A disabled channel was enabled again.", {"kind": "slack"}),
    EventType("identity_provider.added", "Sign-in through the company was set up.", {}),
    EventType("identity_provider.changed", "The sign-in through the company was changed.", {}),
    EventType("identity_provider.deleted", "The sign-in through the company was deleted.", {}),
    EventType("identity_provider.disabled", "The sign-in through the company was switched off.", {}),
    EventType("identity_provider.enabled", "The sign-in through the company was switched on.", {}),
    EventType("key.made", "An API key was made.", {}),
    EventType(
        "key.changed",
        "An API key was renamed or narrowed, or its end or rate changed.",
        {"changed": ["name"]},
    ),
    EventType("key.revoked", "An API key was revoked.", {}),
    EventType(
        "key.rotated",
        "An API key has a new secret; the old one works until then, or (null) stopped at once.",
        {"old_until": "2026-03-07T17:04:00+00:00"},
    ),
    EventType("key.old_secret_ended", "The old secret of a rotated API key was stopped before its time.", {}),
    EventType("member.added", "Somebody was given a place in the agency.", {"role": "responder"}),
    EventType(
        "member.changed",
        "A member's role was changed, from the first to the second.",
        {"role": ["responder", "manager"]},
    ),
    EventType(
        "member.limited",
        "The clients that a member works for were changed, from the first to the second; null: all of them.",
        {"works_for": [None, [CLIENT]]},
    ),
    EventType("member.removed", "A member lost their place in the agency.", {}),
    EventType(
        "webhook.disabled",
        "Events aren't posted to a webhook any more: somebody disabled it, its receiver is gone, or it failed for days.",
        {"name": "Data warehouse", "why": "The receiver says that nobody is there any more (410)."},
    ),
    EventType(
        "webhook.enabled",
        "Events are posted to a webhook again, which was disabled.",
        {"name": "Data warehouse"},
    ),
)

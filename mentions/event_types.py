"""What can happen where the public is listened to."""

from agency.event_types import EventType, register

register(
    EventType("author.block_lifted", "An author who had been erased may be heard again.", {}),
    EventType("client.accounts_changed", "The client's own accounts were changed.", {"accounts": 3}),
    EventType("query.changed", "What is listened for was changed.", {"version": 2}),
    EventType("source.added", "A source is read from now on.", {"name": "News feed", "kind": "feed"}),
    EventType("source.changed", "A source was changed.", {"changed": ["settings"]}),
    EventType("source.deleted", "A source was deleted.", {}),
    EventType(
        "source.failing",
        "A source could not be read, after it could before. It is tried ever more rarely.",
        {"name": "News feed", "code": "unreachable"},
    ),
    EventType("source.paused", "A source was paused.", {}),
    EventType("source.recovered", "A source that failed could be read again.", {"name": "News feed"}),
    EventType("source.resumed", "A paused source was resumed.", {}),
)

"""An event as the world gets it: the feed and every webhook give the same."""

from typing import Any

from agency.event_types import EventType, event_types
from agency.models import Event

_UUID = {"type": "string", "format": "uuid"}
COMMON_FIELDS: dict[str, Any] = {
    "id": {**_UUID, "description": "The event's own id: the same however often it is told."},
    "number": {
        "type": "integer",
        "description": "Its place in the agency's feed: rising in the order in which things came to hold.",
    },
    "subject": {
        "type": "object",
        "description": "What it is about.",
        "properties": {"type": {"type": "string"}, "id": _UUID},
        "required": ["type", "id"],
    },
    "client": {
        "type": ["string", "null"],
        "format": "uuid",
        "description": "The client that it concerns; null where it concerns none.",
    },
}
SUBJECT_EXAMPLE = {"type": "mention", "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06"}


def shown(event: Event, *, number: int) -> dict[str, Any]:
    """The payload, as JSON will have it.

    Args:
        number: its place in its agency's feed (`FeedPlace`), which it gets as its transaction commits.
    """
    return {
        "type": event.type,
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "data": {
            **event.data,
            "id": str(event.pk),
            "number": number,
            "subject": {"type": event.subject_type, "id": str(event.subject_id)},
            "client": str(event.client_id) if event.client_id else None,
        },
    }


def shown_example(one: EventType) -> dict[str, Any]:
    """What an event of this type looks like."""
    noun = {
        "sla_policy": "slapolicy",
        "approval_policy": "approvalpolicy",
        "key": "apikey",
        "on_call": "rota",
    }
    named = one.name.partition(".")[0]
    about = SUBJECT_EXAMPLE["type"] if named in _ABOUT_MENTIONS else noun.get(named, named.replace("_", ""))
    return {
        "type": one.name,
        "timestamp": "2026-03-06T17:14:00Z",
        "data": {
            **one.example,
            "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e05",
            "number": 1042,
            "subject": {**SUBJECT_EXAMPLE, "type": about},
            "client": one.example.get("client", "0195677c-0a54-7000-8d2f-0f3c9a6b1e03"),
        },
    }


_ABOUT_MENTIONS = frozenset({"mention", "approval", "publication", "excuse", "reply", "evidence", "clocks"})


def payload_schema(one: EventType) -> dict[str, Any]:
    """The JSON schema of `shown` for a type: what programs may rely on."""
    own: dict[str, dict[str, Any]] = {name: {} for name in one.example if name not in COMMON_FIELDS}
    return {
        "type": "object",
        "description": one.says,
        "properties": {
            "type": {"type": "string", "const": one.name},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {
                "type": "object",
                "properties": {**COMMON_FIELDS, **own},
                "required": sorted({*COMMON_FIELDS, *own}),
            },
        },
        "required": ["type", "timestamp", "data"],
        "examples": [shown_example(one)],
    }


def add_webhooks(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing of the API's document: a call for each type of event."""
    result["webhooks"] = {name: _call(one) for name, one in event_types().items()}
    return result


def _call(one: EventType) -> dict[str, Any]:
    content = {"application/json": {"schema": payload_schema(one)}}
    return {
        "post": {
            "operationId": f"on_{one.name.replace('.', '_')}",
            "summary": one.says,
            "tags": ["webhooks"],
            "requestBody": {"required": True, "content": content},
            "responses": {"2XX": {"description": "Taken; anything else is tried again."}},
        }
    }

"""The audit chain's arithmetic: what of an entry is hashed, and how each link holds the one before it.

The database writes the chain (migration 0004_audit_chain); this is a second, independent reckoning of the same, with
which the chain is verified. All texts are UTF-8, all digests SHA-256 in hex:

- who  = digest of `who_salt` and the JSON text [actor_name, address]
- what = digest of `what_salt` and the JSON text [subject_name, details]
- payload = digest of the JSON text [id, agency_id, at, action, actor_kind, actor_id, subject_type, subject_id,
  client_id, who, what]
- hash = digest of the previous link's hash (of the first: 64 zeros), the link's number and the payload, with a blank
  between

A JSON text is as PostgreSQL writes jsonb: a blank after each comma and colon, keys by length and then by their bytes.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

ORIGIN = "0" * 64


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as it is kept. `details` is PostgreSQL's own text of it, to the letter."""

    id: UUID
    agency_id: UUID
    at: datetime
    action: str
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    address: str
    subject_type: str
    subject_id: UUID | None
    subject_name: str
    client_id: UUID | None
    details: str
    who_salt: str
    what_salt: str

    @property
    def who(self) -> str:
        return f"[{_text(self.actor_name)}, {_text(self.address)}]"

    @property
    def what(self) -> str:
        return f"[{_text(self.subject_name)}, {self.details}]"

    def payload(self, *, who_digest: str, what_digest: str) -> str:
        """With the digests as the link holds them, so that erased text changes nothing."""
        fields = (
            str(self.id),
            str(self.agency_id),
            moment(self.at),
            self.action,
            self.actor_kind,
            _id(self.actor_id),
            self.subject_type,
            _id(self.subject_id),
            _id(self.client_id),
            who_digest,
            what_digest,
        )
        return f"[{', '.join(map(_text, fields))}]"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def link(previous: str, seq: int, payload_digest: str) -> str:
    """The hash of a link."""
    return digest(f"{previous} {seq} {payload_digest}")


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


# Made once: a new encoder for each text would be most of a verification's time.
_encode = json.JSONEncoder(ensure_ascii=False).encode


def _text(value: str | None) -> str:
    return "null" if value is None else _encode(value)

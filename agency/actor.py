"""Who acts: a member, an API key, a client's contact by link, or Earshot itself."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from agency.errors import Forbidden
from agency.rights import Right


class ActorKind(StrEnum):
    MEMBER = "member"
    KEY = "key"
    CONTACT = "contact"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """One who acts inside one agency.

    Attributes:
        id: of the membership, key or contact; None for Earshot itself.
        member_id: the membership that work is assigned to when this actor claims: a member's own, or of the member
            who made the key.
        address: network address, for the audit entry.
    """

    kind: ActorKind
    agency_id: UUID
    id: UUID | None
    name: str
    rights: frozenset[Right] = field(default_factory=frozenset)
    role: str = ""
    address: str = ""
    member_id: UUID | None = None

    def may(self, right: Right) -> bool:
        return self.kind is ActorKind.SYSTEM or right in self.rights

    def require(self, right: Right) -> None:
        """Raises: Forbidden, naming the right that is missing."""
        if not self.may(right):
            raise Forbidden(f"This needs the right “{right.label}”, which {self.name or 'you'} doesn't have.")


def system(agency_id: UUID) -> Actor:
    """Earshot acting by itself: collection, clocks, publication."""
    return Actor(kind=ActorKind.SYSTEM, agency_id=agency_id, id=None, name="Earshot")

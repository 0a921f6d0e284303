"""Who acts: a member, an API key, a client's contact by link, or Earshot itself."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from agency.errors import Forbidden, NotFound
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
        clients: those that they work for; None: all of the agency's. Handed to `tenant`, so that nothing of the
            others is found.
        rate: of a key: calls a minute; None: as many as everybody.
        secret_digest: of the secret that a key was shown with: it may have a newer one.
    """

    kind: ActorKind
    agency_id: UUID
    id: UUID | None
    name: str
    rights: frozenset[Right] = field(default_factory=frozenset)
    role: str = ""
    address: str = ""
    member_id: UUID | None = None
    clients: frozenset[UUID] | None = None
    rate: int | None = None
    secret_digest: str = field(default="", repr=False)

    def may(self, right: Right) -> bool:
        return self.kind is ActorKind.SYSTEM or right in self.rights

    def require(self, right: Right) -> None:
        """Raises: Forbidden, naming the right that is missing."""
        if not self.may(right):
            raise Forbidden(f"This needs the right “{right.label}”, which {self.name or 'you'} doesn't have.")

    def require_all_clients(self) -> None:
        """For what concerns the whole agency.

        Raises:
            Forbidden: for who works for some clients only.
        """
        if self.clients is not None:
            raise Forbidden("This concerns every client of the agency, and you work for some of them only.")

    def works_for(self, client_id: UUID) -> bool:
        return self.clients is None or client_id in self.clients

    def may_change(self, client_id: UUID | None) -> bool:
        """Whether they manage this client; (None) what all clients share."""
        return self.may(Right.MANAGE) and (
            self.clients is None or (client_id is not None and client_id in self.clients)
        )

    def require_client(self, client_id: UUID | None) -> None:
        """For changing what belongs to one client, or (None) to all of them.

        Raises:
            Forbidden: it is everybody's, and the actor works for some clients only.
            NotFound: somebody else works for that client.
        """
        if client_id is None:
            self.require_all_clients()
        elif not self.works_for(client_id):
            raise NotFound


def system(agency_id: UUID) -> Actor:
    """Earshot acting by itself: collection, clocks, publication."""
    return Actor(kind=ActorKind.SYSTEM, agency_id=agency_id, id=None, name="Earshot")

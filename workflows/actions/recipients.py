"""Whom a ladder means at this moment: from “who is on call” to members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from agency.models import Membership
from agency.rights import Role
from agency.tenancy import current_agency
from clients.ladder import Whom
from clients.models import Rota
from clients.queries.rotas import Person, on_call, people, rotas_covering
from mentions.models import Mention
from mentions.words import CLOSED

_ROLES = {Whom.MANAGERS: (Role.MANAGER, "no manager"), Whom.OWNERS: (Role.OWNER, "no owner")}


@dataclass(frozen=True, slots=True)
class Meant:
    """`members` in their order; where there are none, `why` says it: “Ben has left the agency.”"""

    whom: Whom
    members: tuple[UUID, ...]
    why: str = ""


@dataclass(slots=True)
class Roster:
    """The agency's people and rotas, read once a batch."""

    clients: Sequence[UUID]
    now: datetime
    known: Mapping[UUID, Person] = field(default_factory=people)
    rotas: Mapping[UUID | None, Rota | None] | None = None
    on_duty: dict[UUID, UUID | None] = field(default_factory=dict)

    def meant(self, whom: Whom, mention: Mention, member: UUID | None = None) -> Meant:
        """Those who can see this client; a ladder's word alone lets nobody in."""
        if whom in _ROLES:
            return self._of_role(whom, mention)
        if whom is Whom.ON_CALL:
            return self._on_call(mention)
        wanted = mention.assignee_id if whom is Whom.ASSIGNEE else member
        if wanted is None:
            return Meant(whom, (), "Nobody has claimed it.")
        person = self.known.get(wanted)
        if person is None or not person.is_here:
            return Meant(whom, (), f"{person.name if person else 'The member'} has left the agency.")
        if not person.can_see(mention.client_id):
            return Meant(whom, (), f"{person.name} doesn't work for this client any more.")
        return Meant(whom, (wanted,))

    def _of_role(self, whom: Whom, mention: Mention) -> Meant:
        role, none = _ROLES[whom]
        found = tuple(
            person.id
            for person in self.known.values()
            if person.role == role and person.can_see(mention.client_id)
        )
        return Meant(whom, found, "" if found else f"The agency has {none} for this client.")

    def _on_call(self, mention: Mention) -> Meant:
        client_id = mention.client_id
        if self.rotas is None:
            self.rotas = rotas_covering(self.clients)
        rota = self.rotas.get(client_id)
        if rota is None:
            return Meant(Whom.ON_CALL, (), "There is no rota for this client.")
        if client_id not in self.on_duty:
            self.on_duty[client_id] = on_call(rota, self.now, client_id=client_id, known=self.known).member
        member = self.on_duty[client_id]
        return Meant(Whom.ON_CALL, (member,)) if member else Meant(Whom.ON_CALL, (), "Nobody is on call now.")

    def least_busy(self, members: Sequence[UUID]) -> UUID | None:
        """Of these, the one with the fewest open mentions."""
        if len(members) < 2:
            return members[0] if members else None
        rows = (
            Mention.objects.filter(assignee_id__in=members)
            .exclude(state__in=CLOSED)
            .values_list("assignee_id")
            .annotate(n=Count("pk"))
        )
        busy = dict(rows)
        return min(members, key=lambda member: (busy.get(member, 0), list(self.known).index(member)))


def memberships(members: Sequence[UUID]) -> dict[UUID, Membership]:
    rows = Membership.objects.filter(agency_id=current_agency(), left_at=None).select_related("user")
    return rows.in_bulk(list(members))

"""Ladders: which one holds for a client, and what it says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from agency.actor import Actor
from agency.rights import Right
from agency.tenancy import all_clients
from clients.ladder import USUAL, Plan, of_json
from clients.models import Client, Ladder
from clients.queries.rotas import Person


@dataclass(frozen=True, slots=True)
class Held:
    """The ladder that holds for a client. `row` None: the usual one, because nobody set any."""

    row: Ladder | None
    plan: Plan

    @property
    def whose(self) -> str:
        """client, agency or usual."""
        if self.row is None:
            return "usual"
        return "client" if self.row.client_id else "agency"


THE_USUAL = Held(None, USUAL)


def plan_of(ladder: Ladder | None) -> Plan:
    if ladder is None:
        return USUAL
    return of_json(ladder.steps, ladder.rungs, again=ladder.again, tells_contacts=ladder.tells_contacts)


def ladders_for(clients: Collection[UUID]) -> dict[UUID, Held]:
    """Client → the ladder that holds for it: its own, else the agency's, else the usual one. One query."""
    with all_clients():
        rows = Ladder.objects.filter(Q(client_id__in=set(clients)) | Q(client=None), current=True)
        found = {row.client_id: Held(row, plan_of(row)) for row in rows}
    default = found.get(None, THE_USUAL)
    return {client_id: found.get(client_id, default) for client_id in clients}


def ladder_of(client: Client | None, *, by: Actor) -> Held:
    """What holds for this client; (None) for all that have none of their own."""
    by.require(Right.READ)
    if client is not None:
        return ladders_for([client.pk])[client.pk]
    row = Ladder.objects.filter(client=None, current=True).first()
    return Held(row, plan_of(row)) if row else THE_USUAL


def gone_from(plan: Plan, known: Mapping[UUID, Person], client_id: UUID | None) -> list[str]:
    """The names of those whom a plan names though they left, or don't work for that client any more."""
    named = (known.get(member) for member in sorted(plan.members()))
    return [person.name for person in named if person is not None and not person.can_see(client_id)]

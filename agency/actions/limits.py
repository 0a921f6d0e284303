"""Members who work for some of the agency's clients only."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.models import Membership
from agency.rights import Right, Role

# Client → name, of those that the actor works for. Clients are known above: whoever composes the doors hands it in.
KnownClients = Callable[[Actor], Mapping[UUID, str]]


def no_clients(by: Actor) -> Mapping[UUID, str]:
    return {}


def choose_clients(wanted: list[UUID] | None, known: Mapping[UUID, str]) -> list[UUID] | None:
    """The limit as it is stored: None for all clients, else at least one that there is.

    Raises:
        Invalid: none is named, or one that isn't there.
    """
    if wanted is None:
        return None
    if not wanted:
        raise Invalid.field("clients", "Choose at least one client, or leave it at all clients.")
    if any(client_id not in known for client_id in wanted):
        raise Invalid.field("clients", "There is no client with one of these ids.")
    return sorted(set(wanted))


def limit_member(
    membership: Membership,
    *,
    clients: list[UUID] | None,
    known: Mapping[UUID, str],
    by: Actor,
    now: datetime,
) -> Membership:
    """Say which clients a member works for; None: all. It holds from their next request on.

    Args:
        known: the agency's clients and their names.

    Raises:
        Invalid: an owner, who works for all; no client, or one that isn't there.
    """
    by.require(Right.TEAM)
    chosen = choose_clients(clients, known)
    if chosen is not None and membership.role == Role.OWNER:
        raise Invalid.field("clients", "An owner works for all clients. Choose another role, or no clients.")
    before = membership.client_ids
    if before != chosen:
        membership.client_ids = chosen
        membership.save(update_fields=["client_ids"])
        # Ids and no names: a client who is erased is then nowhere in the log.
        details = {"works_for": [_told(before), _told(chosen)]}
        record("member.limited", by=by, subject=membership, now=now, details=details)
        emit("member.limited", subject=membership, now=now, data=details)
    return membership


def _told(clients: list[UUID] | None) -> list[str] | None:
    return None if clients is None else [str(client_id) for client_id in clients]

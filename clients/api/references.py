"""A client that a body names: one that isn't there is the field's fault, not the address's."""

from uuid import UUID

from agency.actor import Actor
from agency.errors import Invalid, NotFound
from clients.models import Client
from clients.queries.clients import get_client


def named_client(client_id: UUID, *, by: Actor) -> Client:
    """The client that the field `client` names.

    Raises:
        Invalid: there is no such client.
    """
    try:
        return get_client(client_id, by=by)
    except NotFound:
        raise Invalid.field("client", "There is no client with this id.") from None

"""One editor at a time, of what a client or the agency has one of."""

from agency.models import Agency
from agency.tenancy import current_agency
from clients.models import Client


def hold(client: Client | None) -> None:
    """Until the transaction ends: the client's row is the lock, else the agency's. Others go on referring to it."""
    if client is not None:
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    else:
        Agency.objects.select_for_update(no_key=True).get(pk=current_agency())

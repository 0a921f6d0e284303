"""Rows of which each change makes a new version, and one is current."""

from typing import Any

from clients.models import ApprovalPolicy, Client, Query, SlaPolicy

Versioned = type[Query] | type[SlaPolicy] | type[ApprovalPolicy]


def supersede(model: Versioned, *, client: Client | None) -> tuple[Any, int]:
    """Take the current version's place: (the one that was current or None, the next version's number).

    The client's row is the lock, so that two editors get consecutive versions.
    """
    if client is not None:
        Client.objects.select_for_update().get(pk=client.pk)
    before = model.objects.select_for_update().filter(client=client, current=True).first()
    if before is None:
        return None, 1
    model.objects.filter(pk=before.pk).update(current=False)
    return before, before.version + 1

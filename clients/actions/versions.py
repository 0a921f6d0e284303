"""Rows of which each change makes a new version, and one is current."""

from typing import Any

from django.db.models import Max

from clients.models import ApprovalPolicy, Client, Query, SlaPolicy

Versioned = type[Query] | type[SlaPolicy] | type[ApprovalPolicy]


def supersede(model: Versioned, *, client: Client | None) -> tuple[Any, int]:
    """Take the current version's place: (the one that was current or None, the next version's number).

    The client's row is the lock, so that two editors get consecutive versions. It is locked against them alone: new
    mentions and clocks, which refer to the client and the policy, go on being written.
    """
    if client is not None:
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    # Where nothing is found, somebody else may have been quicker while we waited, and theirs is the current one now.
    before = _current(model, client) or _current(model, client)
    last = model.objects.filter(client=client).aggregate(n=Max("version"))["n"] or 0
    if before is not None:
        model.objects.filter(pk=before.pk).update(current=False)
    return before, last + 1


def _current(model: Versioned, client: Client | None) -> Any:
    return model.objects.select_for_update(no_key=True).filter(client=client, current=True).first()

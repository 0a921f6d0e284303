"""Rows of which each change makes a new version, and one is current."""

from collections.abc import Collection
from typing import Any

from django.db.models import Max

from agency.errors import DomainError
from clients.models import ApprovalPolicy, Client, Query, SlaPolicy

Versioned = type[Query] | type[SlaPolicy] | type[ApprovalPolicy]


class VersionMovedOn(DomainError):
    """Somebody saved another version after the caller read it."""

    code, status, title = "version_moved_on", 412, "Somebody changed it meanwhile"


def check_seen(seen: Collection[int] | None, now: Any) -> None:
    """Raises: VersionMovedOn, unless one of the versions that the caller names is current; 0: there is none.

    Args:
        seen: None where nobody looked.
        now: the row that is current, locked, or None.
    """
    if seen is None or (now.version if now else 0) in seen:
        return
    raise VersionMovedOn(
        f"{now.created_by or 'Earshot'} saved version {now.version}. Read it, and say what you want of it."
        if now
        else "There is none of its own any more, or not yet: read what holds now, and send its ETag."
    )


def supersede(
    model: Versioned, *, client: Client | None, seen: Collection[int] | None = None
) -> tuple[Any, int]:
    """Take the current version's place: (the one that was current or None, the next version's number).

    Args:
        seen: as `check_seen`.

    Raises:
        VersionMovedOn

    The client's row is the lock, so that two editors get consecutive versions. It is locked against them alone: new
    mentions and clocks, which refer to the client and the policy, go on being written.
    """
    if client is not None:
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    # Where nothing is found, somebody else may have been quicker while we waited, and theirs is the current one now.
    before = _current(model, client) or _current(model, client)
    check_seen(seen, before)
    last = model.objects.filter(client=client).aggregate(n=Max("version"))["n"] or 0
    if before is not None:
        model.objects.filter(pk=before.pk).update(current=False)
    return before, last + 1


def _current(model: Versioned, client: Client | None) -> Any:
    return model.objects.select_for_update(no_key=True).filter(client=client, current=True).first()

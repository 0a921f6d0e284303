"""Doing an erasure again, after an older backup brought back what was gone."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import system
from agency.models import Erasure
from agency.tenancy import tenant
from mentions.models import ForgottenAuthor
from mentions.queries.forgotten import hold_memory
from workflows.actions.erasing import erase


def replay(
    agency_id: UUID, *, kind: str, about_id: UUID, platform: str, digest: str, clock: Callable[[], datetime]
) -> None:
    """By ids alone: whoever it was is known no more. To the end; harmless where it is gone still.

    Args:
        platform, digest: of the author's block, which an older backup doesn't have either.
    """
    with tenant(agency_id):
        hold_memory(change=True)
        now = clock()
        erasure, _ = Erasure.objects.get_or_create(
            kind=kind,
            about_id=about_id,
            state=Erasure.State.RUNNING,
            defaults={"asked_by": "Earshot", "asked_at": now, "due_at": now},
        )
        record(
            "data.erasure_asked", by=system(agency_id), subject=erasure, now=now, details={"replayed": True}
        )
        emit("data.erasure_asked", subject=erasure, now=now, data={"kind": kind})
        if digest:
            ForgottenAuthor.objects.get_or_create(
                platform=platform,
                digest=digest,
                defaults={"erasure_id": erasure.pk, "since": now, "by_name": "Earshot"},
            )
    while not erase(agency_id, erasure.pk, clock=clock):
        pass

"""Hand-over: who comes on call is told, and so is who goes off."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.alarms import on_alarm
from agency.actions.events import emit
from agency.actions.notices import notify_member
from clients.actions.rotas import HANDOVER
from clients.models import Rota
from clients.queries.rotas import Person, on_call, people, rotas_by_id
from workflows.actions.recipients import memberships
from workflows.words import ON_CALL_BEGINS, ON_CALL_ENDS

# People come and go, too, and with them who stands in for whom.
SELDOM = timedelta(hours=6)
BUSY = timedelta(seconds=1)


@on_alarm(HANDOVER)
def hand_over(rotas: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Tell whom it concerns where somebody else is on call than was told last; each change once."""
    locked = set(
        Rota.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(pk__in=rotas)
        .order_by("id")
        .values_list("pk", flat=True)
    )
    upcoming: dict[UUID, datetime | None] = {pk: now + BUSY for pk in rotas if pk not in locked}
    known = people()
    for rota in rotas_by_id(locked):
        upcoming[rota.pk] = _hand_over(rota, known, now)
    return upcoming


def _hand_over(rota: Rota, known: Mapping[UUID, Person], now: datetime) -> datetime | None:
    if rota.ended_at is not None:
        _tell(rota, None, now)
        return None
    current = on_call(rota, now, known=known)
    _tell(rota, current.member, now)
    return min(current.until, now + SELDOM)


def _tell(rota: Rota, comes: UUID | None, now: datetime) -> None:
    goes: UUID | None = rota.told_id
    if comes == goes:
        return
    rota.told_id = comes
    rota.save(update_fields=["told_id"])
    members = memberships([pk for pk in (comes, goes) if pk is not None])
    for pk, kind in ((comes, ON_CALL_BEGINS), (goes, ON_CALL_ENDS)):
        if pk is not None and pk in members:
            notify_member(members[pk], kind=kind, subject_id=rota.pk, client_id=rota.client_id, now=now)
    data = {"from": str(goes) if goes else None, "to": str(comes) if comes else None}
    emit("on_call.changed", subject=rota, now=now, data=data)

"""Ladders: what follows when a clock runs out, and who is told of something urgent. Each change is a version."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.rights import Right
from clients.actions.holding import hold
from clients.actions.versions import check_seen
from clients.ladder import Plan, as_json, problems, told
from clients.models import Client, Ladder
from clients.queries.ladders import plan_of
from clients.queries.rotas import Person, people, why_not_asked


class DefaultAlready(Conflict):
    """There is nothing to go back from."""

    code, title = "default_already", "It holds already"


def set_ladder(
    *, client: Client | None, plan: Plan, seen: Collection[int] | None = None, by: Actor, now: datetime
) -> Ladder:
    """Climb like this from now on; for all clients without a ladder of their own where `client` is None.

    What is being climbed already goes on as it began.

    Args:
        seen: the versions of which the caller saw one, 0 for none of its own; None where nobody looked.

    Raises:
        VersionMovedOn: it is another one by now.
        Invalid: somebody who left or doesn't work for that client is named, a wait is zero or negative, a step,
            clock or priority isn't known …; each by its field.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    known = people()
    if wrong := problems(plan, lambda member: _why_not(known, member, client)):
        raise Invalid(
            next(iter(wrong.values())) if len(wrong) == 1 else "This ladder can't be climbed as it is.",
            fields=wrong,
        )
    before, version = _supersede(client, seen)
    steps, rungs = as_json(plan)
    ladder = Ladder(
        client=client,
        version=version,
        steps=steps,
        rungs=rungs,
        again=plan.again,
        tells_contacts=plan.tells_contacts,
        effective_from=now,
        created_by=by.name[:120],
    )
    ladder.save(force_insert=True)
    former = told(plan_of(before), {}) if before else {}
    _note("ladder.changed", ladder, differences(former, told(plan, {})), by, now)
    return ladder


def reset_ladder(
    *, client: Client | None, seen: Collection[int] | None = None, by: Actor, now: datetime
) -> None:
    """Back to the agency's ladder; for the agency, back to the usual one.

    Raises:
        DefaultAlready, VersionMovedOn.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    before, _ = _supersede(client, seen)
    if before is None:
        raise DefaultAlready(
            f"{client.name} has the agency's ladder already." if client else "The usual ladder holds already."
        )
    _note("ladder.reset", before, {}, by, now)


def _supersede(client: Client | None, seen: Collection[int] | None) -> tuple[Ladder | None, int]:
    """(the ladder that was current or None, the next version's number). The client's row is the lock, else the agency's."""
    rows = Ladder.objects.filter(client=client)
    hold(client)
    before: Ladder | None = rows.filter(current=True).first()
    check_seen(seen, before)
    rows.filter(current=True).update(current=False)
    return before, (rows.aggregate(last=Max("version"))["last"] or 0) + 1


def _note(action: str, ladder: Ladder, details: dict[str, list[str]], by: Actor, now: datetime) -> None:
    whose = {"client": ladder.client.name if ladder.client else None}
    record(action, by=by, subject=ladder, now=now, details={**whose, **details})
    emit(action, subject=ladder, now=now, data={"version": ladder.version})


def _why_not(known: Mapping[UUID, Person], member_id: UUID, client: Client | None) -> str:
    """Why somebody can't be named; "" where they can."""
    person = known.get(member_id)
    if person is None or not person.answers:
        return why_not_asked(person)
    if client is not None and not person.can_see(client.pk):
        return f"{person.name} doesn't work for {client.name}. Choose somebody else."
    if client is None and person.clients is not None:
        return f"{person.name} works for some clients only, and this ladder is for all. Choose somebody else."
    return ""

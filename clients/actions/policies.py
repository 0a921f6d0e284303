"""What was promised (SLA policies), and whether the client is asked (approval policies). Each change is a version."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid, NotFound
from agency.rights import Right
from clients.actions.spreading import spread_soon
from clients.actions.versions import supersede
from clients.models import ApprovalPolicy, Client, SlaPolicy, SlaTarget
from clients.queries.clients import sla_policy_of
from clients.queries.policies import calendar_names, calendars_for, terms_for, terms_of
from clients.terms import LONGEST, WARN_AT, Key, Term, Terms, Within
from clients.words import HoursOf


def set_sla_policy(
    *,
    client: Client | None,
    targets: Mapping[Key, timedelta],
    hours: Mapping[Key, Within] | None = None,
    warn_at: Sequence[int] = WARN_AT,
    late_found_after: timedelta | None = None,
    seen: Collection[int] | None = None,
    by: Actor,
    now: datetime,
) -> SlaPolicy:
    """Promise from now on; for all clients without a policy of their own where `client` is None.

    Targets, hours and a window that aren't named stay as they hold for the client now. Clocks that run are moved to the
    new promise soon after, with the time that they used.

    Args:
        seen: the versions of which the caller saw one, 0 for none of its own; None where nobody looked.

    Raises:
        VersionMovedOn: it is another one by now.
        Invalid: a target is zero, negative or longer than 90 days, the warnings don't rise, or a calendar isn't one that
            this policy may name.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    before, version = supersede(SlaPolicy, client=client, seen=seen)
    held = terms_of(before) if before else terms_for(client)
    window = held.late_found_after if late_found_after is None else late_found_after
    terms = Terms(held.with_rows(targets, hours or {}), tuple(warn_at), window)
    _check(terms, client)
    policy = _write(client, version, terms, by, now)
    details = {
        "client": client.name if client else None,
        **differences(_told(held) if before else {}, _told(terms)),
    }
    record("sla_policy.changed", by=by, subject=policy, now=now, details=details)
    emit("sla_policy.changed", subject=policy, now=now, data={"version": version})
    if before or client:  # else the agency is new, and nothing runs
        spread_soon(client, now)
    return policy


def return_to_default(
    client: Client, *, seen: Collection[int] | None = None, by: Actor, now: datetime
) -> SlaPolicy:
    """Promise this client nothing of its own any more: the agency's default holds for it. Clocks that run are moved.

    Raises:
        NotFound: it has nothing of its own; VersionMovedOn.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk)
    policy: SlaPolicy | None = supersede(SlaPolicy, client=client, seen=seen)[0]
    if policy is None:
        raise NotFound(
            f"{client.name} has no promises of its own: the agency's default holds for it already."
        )
    policy.current, policy.withdrawn_at, policy.withdrawn_by = False, now, by.name
    policy.save(update_fields=["current", "withdrawn_at", "withdrawn_by"])
    default = sla_policy_of(None)
    details = {
        "client": client.name,
        **differences(_told(terms_of(policy)), _told(terms_of(default)) if default else {}),
    }
    record("sla_policy.withdrawn", by=by, subject=policy, now=now, details=details)
    emit("sla_policy.withdrawn", subject=policy, now=now, data={"version": policy.version})
    spread_soon(client, now)
    return policy


def _write(client: Client | None, version: int, terms: Terms, by: Actor, now: datetime) -> SlaPolicy:
    policy = SlaPolicy(
        client=client,
        version=version,
        warn_at=list(terms.warn_at),
        late_found_after=terms.late_found_after,
        effective_from=now,
        created_by=by.name,
    )
    policy.save(force_insert=True)
    SlaTarget.objects.bulk_create(
        SlaTarget(
            policy=policy,
            priority=priority,
            kind=kind,
            target=term.target,
            hours=term.within.hours,
            calendar_id=term.within.calendar_id,
        )
        for (priority, kind), term in terms.rows.items()
    )
    return policy


def _check(terms: Terms, client: Client | None) -> None:
    """Fields are named `urgent_respond`, and `urgent_respond_hours` for the hours that it runs in."""
    known = set(calendars_for(client).values_list("pk", flat=True))
    problems = {}
    for (priority, kind), term in terms.rows.items():
        if not timedelta(0) < term.target <= LONGEST:
            problems[f"{priority}_{kind}"] = "A target is longer than nothing and at most 90 days."
        if sentence := _wrong_hours(term.within, known, client):
            problems[f"{priority}_{kind}_hours"] = sentence
    if not timedelta(0) < terms.late_found_after <= LONGEST:
        problems["late_found_after"] = "The window is longer than nothing and at most 90 days."
    if list(terms.warn_at) != sorted(set(terms.warn_at)) or any(not 0 < n < 100 for n in terms.warn_at):
        problems["warn_at"] = "Warnings are rising percentages from 1 to 99, such as 50, 75, 90."
    if problems:
        raise Invalid("Some promises can't be kept as entered.", fields=problems)


def _wrong_hours(within: Within, known: set[UUID], client: Client | None) -> str:
    if within.hours != HoursOf.CALENDAR:
        return "Only hours of “another calendar” name one." if within.calendar_id else ""
    if within.calendar_id is None:
        return "Say which calendar."
    if within.calendar_id not in known:
        whose = f"the agency's and {client.name}'s own" if client else "the agency's own"
        return f"Choose a calendar that is in use, one of {whose}."
    return ""


def _told(terms: Terms) -> dict[str, object]:
    """All that is promised, as it is written in the log: times in seconds, hours in words."""
    names = calendar_names(terms)
    told: dict[str, object] = {
        "warn_at": ", ".join(map(str, terms.warn_at)),
        "late_found_after": terms.late_found_after.total_seconds(),
    }
    for (priority, kind), term in sorted(terms.rows.items()):
        told[f"{priority}_{kind}"] = term.target.total_seconds()
        told[f"{priority}_{kind}_hours"] = _hours_told(term, names)
    return told


def _hours_told(term: Term, names: Mapping[UUID, str]) -> str:
    if term.within.calendar_id is None:
        return str(term.within.hours.value)
    return f"calendar {names.get(term.within.calendar_id, term.within.calendar_id)}"


def set_approval_policy(
    *, client: Client, asks: str, seen: Collection[int] | None = None, by: Actor, now: datetime
) -> ApprovalPolicy:
    """Say whether the client is asked before replies go out. Raises: VersionMovedOn."""
    by.require(Right.MANAGE)
    by.require_client(client.pk)
    before, version = supersede(ApprovalPolicy, client=client, seen=seen)
    policy = ApprovalPolicy(client=client, version=version, asks=asks, created_at=now, created_by=by.name)
    policy.save(force_insert=True)
    record(
        "approval_policy.changed",
        by=by,
        subject=policy,
        now=now,
        details={"client": client.name, "asks": [before.asks if before else None, asks]},
    )
    emit("approval_policy.changed", subject=policy, now=now, data={"version": version, "asks": asks})
    return policy

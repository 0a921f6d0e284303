"""What was promised (SLA policies), and whether the client is asked (approval policies). Each change is a version."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from clients.actions.versions import supersede
from clients.models import ApprovalPolicy, Client, SlaPolicy, SlaTarget
from clients.words import ClockKind, Priority

Targets = Mapping[tuple[Priority, ClockKind], timedelta]

LONGEST = timedelta(days=90)
LATE_FOUND_AFTER = timedelta(hours=24)
WARN_AT = (50, 75, 90)
_MINUTES = {
    Priority.URGENT: (15, 60, 30),
    Priority.HIGH: (30, 240, 60),
    Priority.NORMAL: (120, 480, 240),
    Priority.LOW: (480, 1440, 1440),
}
# What a new agency promises until it says otherwise: claim, respond, decide in minutes.
DEFAULT_TARGETS: dict[tuple[Priority, ClockKind], timedelta] = {
    (priority, kind): timedelta(minutes=minutes)
    for priority, row in _MINUTES.items()
    for kind, minutes in zip((ClockKind.CLAIM, ClockKind.RESPOND, ClockKind.DECIDE), row, strict=True)
}


def _check(targets: Targets, warn_at: Sequence[int]) -> None:
    problems = {}
    for (priority, kind), target in targets.items():
        if not timedelta(0) < target <= LONGEST:
            problems[f"{priority}_{kind}"] = "A target is longer than nothing and at most 90 days."
    if list(warn_at) != sorted(set(warn_at)) or any(not 0 < percent < 100 for percent in warn_at):
        problems["warn_at"] = "Warnings are rising percentages from 1 to 99, such as 50, 75, 90."
    if problems:
        raise Invalid("Some targets can't be kept as entered.", fields=problems)


def set_sla_policy(
    *,
    client: Client | None,
    targets: Targets,
    warn_at: Sequence[int] = WARN_AT,
    by: Actor,
    now: datetime,
) -> SlaPolicy:
    """Promise from now on; for all clients without a policy of their own where `client` is None.

    Targets that aren't named keep the default. Clocks that run already keep the version they started under.

    Raises:
        Invalid: a target is zero, negative or longer than 90 days, or the warnings don't rise.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    _check(targets, warn_at)
    before, version = supersede(SlaPolicy, client=client)
    policy = SlaPolicy(
        client=client,
        version=version,
        warn_at=list(warn_at),
        late_found_after=before.late_found_after if before else LATE_FOUND_AFTER,
        effective_from=now,
        created_by=by.name,
    )
    policy.save(force_insert=True)
    former = _told(before) if before else {}
    whole = {**DEFAULT_TARGETS, **targets}
    SlaTarget.objects.bulk_create(
        SlaTarget(policy=policy, priority=priority, kind=kind, target=target)
        for (priority, kind), target in whole.items()
    )
    details = {"client": client.name if client else None, **differences(former, _told(policy))}
    record("sla_policy.changed", by=by, subject=policy, now=now, details=details)
    emit("sla_policy.changed", subject=policy, now=now, data={"version": version})
    return policy


def _told(policy: SlaPolicy) -> dict[str, object]:
    """All that a policy promises, as it is written in the log: times in seconds."""
    targets = SlaTarget.objects.filter(policy=policy).order_by("priority", "kind")
    seconds = {f"{t.priority}_{t.kind}": t.target.total_seconds() for t in targets}
    return {"warn_at": ", ".join(map(str, policy.warn_at)), **seconds}


def set_approval_policy(*, client: Client, asks: str, by: Actor, now: datetime) -> ApprovalPolicy:
    """Say whether the client is asked before replies go out."""
    by.require(Right.MANAGE)
    by.require_client(client.pk)
    before, version = supersede(ApprovalPolicy, client=client)
    policy = ApprovalPolicy(client=client, version=version, asks=asks, created_at=now, created_by=by.name)
    policy.save(force_insert=True)
    record(
        "approval_policy.changed",
        by=by,
        subject=policy,
        now=now,
        details={"client": client.name, "asks": [before.asks if before else None, asks]},
    )
    return policy

"""What becomes of an endpoint by how its deliveries fare: left in peace, warned about, disabled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from agency.actions.alarms import clear_alarms, on_alarm, set_alarm
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notice_queue import notify_member
from agency.actions.webhooks.queue import OPEN, open_deliveries
from agency.actor import Actor, system
from agency.messengers.signed import Answer
from agency.models import Membership, WebhookDelivery, WebhookEndpoint, WebhookReplay
from agency.rights import ROLE_RIGHTS, Right, Role
from agency.tenancy import current_agency
from agency.text import one_line
from agency.webhooks import (
    DISABLE_AFTER,
    LONGEST_PAUSE,
    SLOW_SECONDS,
    WARN_AFTER,
    asked_wait,
    rest,
)

HEALTH = "webhook.health"
# Kinds of notices.
FAILING, DISABLED, ORPHANED = "webhook.failing", "webhook.disabled", "webhook.orphaned"
DROPPED = "The webhook was disabled. Once it is enabled, what it missed can be sent again."


def note_success(endpoint: WebhookEndpoint, *, seconds: float) -> None:
    """Of a locked endpoint; all is well again."""
    slow = seconds >= SLOW_SECONDS
    if endpoint.failing_since is None and endpoint.is_slow == slow:
        return
    if endpoint.failing_since is not None:
        clear_alarms(HEALTH, [endpoint.pk])
    endpoint.is_slow = slow
    _well_again(endpoint)


def _well_again(endpoint: WebhookEndpoint) -> None:
    endpoint.failing_since = endpoint.warned_at = endpoint.rest_until = None
    endpoint.failures = 0
    endpoint.save(update_fields=["failing_since", "warned_at", "rest_until", "failures", "is_slow"])


def note_failure(endpoint: WebhookEndpoint, answer: Answer, *, now: datetime) -> None:
    """Of a locked endpoint. One whose receiver says that it is gone is disabled at once."""
    if endpoint.disabled_at is not None:
        return
    if answer.gone:
        disable(endpoint, why=answer.error, by=system(current_agency()), now=now)
        return
    if endpoint.failing_since is None:
        endpoint.failing_since = now
        set_alarm(HEALTH, endpoint.pk, now + WARN_AFTER, wake=False)
    endpoint.failures += 1
    pause = rest(endpoint.failures, answer.seconds) / settings.WEBHOOK_HASTE
    asked = asked_wait(answer.status, answer.headers, now) or timedelta(0)
    endpoint.rest_until = now + max(pause, min(asked, LONGEST_PAUSE))
    endpoint.is_slow = answer.seconds >= SLOW_SECONDS
    endpoint.save(update_fields=["failing_since", "failures", "rest_until", "is_slow"])


@on_alarm(HEALTH)
def look_after(endpoints: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Warn about those that did nothing but fail for a day, disable them after several."""
    failing = WebhookEndpoint.objects.select_for_update(no_key=True, of=("self",)).filter(
        Q(disabled_at=None) & ~Q(failing_since=None), pk__in=endpoints
    )
    return {endpoint.pk: _look_after(endpoint, now) for endpoint in failing.order_by("id")}


def _look_after(endpoint: WebhookEndpoint, now: datetime) -> datetime | None:
    since = endpoint.failing_since
    if since is None:
        return None
    if now >= since + DISABLE_AFTER:
        days = DISABLE_AFTER.days
        disable(
            endpoint,
            why=f"Nothing arrived for {days} days.",
            by=system(current_agency()),
            now=now,
            last=True,
        )
        return None
    if now < since + WARN_AFTER:
        return since + WARN_AFTER
    if endpoint.warned_at is None:
        endpoint.warned_at = now
        endpoint.save(update_fields=["warned_at"])
        tell(endpoint, FAILING, now=now)
    return since + DISABLE_AFTER


def disable(endpoint: WebhookEndpoint, *, why: str, by: Actor, now: datetime, last: bool = False) -> None:
    """Stop posting to a locked endpoint. What was on its way isn't sent; events are kept, and can be replayed.

    Args:
        last: say what came back last, too.
    """
    if last and (said := _last_error(endpoint)):
        why = f"{why} What came back last: {said}"
    endpoint.disabled_at, endpoint.disabled_why = now, one_line(why, 300)
    endpoint.disabled_by = "" if by.id is None else by.name[:120]
    endpoint.save(update_fields=["disabled_at", "disabled_why", "disabled_by"])
    open_deliveries(endpoint.pk).filter(state=WebhookDelivery.State.PENDING).update(
        state=WebhookDelivery.State.DROPPED, next_at=None, error=DROPPED
    )
    WebhookReplay.objects.filter(endpoint=endpoint, state=WebhookReplay.State.RUNNING).update(
        state=WebhookReplay.State.STOPPED, finished_at=now
    )
    clear_alarms(HEALTH, [endpoint.pk])
    details = {"why": endpoint.disabled_why}
    record("webhook.disabled", by=by, subject=endpoint, now=now, details=details)
    emit("webhook.disabled", subject=endpoint, now=now, data={"name": endpoint.name, **details})
    if by.id is None:
        tell(endpoint, DISABLED, now=now)


def _last_error(endpoint: WebhookEndpoint) -> str:
    newest = WebhookDelivery.objects.filter(endpoint=endpoint).exclude(error="").order_by("-last_at").first()
    return newest.error if newest else ""


def drop_of_disabled(endpoints: Iterable[UUID], *, now: datetime) -> None:
    """What was being sent when its endpoint was disabled, by somebody who was cut off."""
    WebhookDelivery.objects.filter(
        endpoint_id__in=list(endpoints), endpoint__disabled_at__isnull=False, state__in=OPEN, next_at__lte=now
    ).update(state=WebhookDelivery.State.DROPPED, next_at=None, error=DROPPED)


# Whom to tell ------------------------------------------------------------------------------------------


def tell(endpoint: WebhookEndpoint, kind: str, *, now: datetime) -> None:
    """The owners, and who made it if they may still see it."""
    for member in _in_charge(endpoint):
        notify_member(member, kind=kind, subject_id=endpoint.pk, now=now)


def _in_charge(endpoint: WebhookEndpoint) -> list[Membership]:
    roles = [role for role in Role if Right.KEYS in ROLE_RIGHTS[role]]
    which = Q(role=Role.OWNER) | Q(pk=endpoint.created_by_id, role__in=roles, client_ids=None)
    people = Membership.objects.select_related("user").filter(
        which, agency_id=current_agency(), left_at=None, user__is_active=True
    )
    return list(people.order_by("id"))


def note_maker_lost(member: Membership, *, now: datetime) -> None:
    """Somebody left, or may not set up webhooks any more: theirs go on, being the agency's, and its owners are told."""
    if member.left_at is None and Right.KEYS in ROLE_RIGHTS[Role(member.role)] and member.client_ids is None:
        return
    for endpoint in WebhookEndpoint.objects.filter(created_by=member, disabled_at=None).order_by("id"):
        tell(endpoint, ORPHANED, now=now)

"""Endpoints: added, changed, enabled, disabled, given a new secret, deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from agency.actions.alarms import clear_alarms, on_alarm, set_alarm
from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actions.webhooks.health import HEALTH, disable
from agency.actions.webhooks.queue import LOOK
from agency.actor import Actor
from agency.errors import Conflict, Invalid, NotFound
from agency.event_types import event_types
from agency.messengers.signed import check_webhook_url, new_signing, shown_origin
from agency.models import Agency, WebhookEndpoint
from agency.rights import Right
from agency.sealed import opened, put
from agency.tenancy import current_agency
from agency.webhooks import LONGEST_OVERLAP, OVERLAP

MOST = 20
LONGEST_NAME, LONGEST_URL = 60, 1000
FORGET = "webhook.forget"
_DELETE = (
    """
    DELETE FROM agency_webhookattempt WHERE agency_id = %(agency)s AND delivery_id IN
        (SELECT id FROM agency_webhookdelivery WHERE agency_id = %(agency)s AND endpoint_id = %(endpoint)s)
    """,
    "DELETE FROM agency_webhookdelivery WHERE agency_id = %(agency)s AND endpoint_id = %(endpoint)s",
    "DELETE FROM agency_webhookreplay WHERE agency_id = %(agency)s AND endpoint_id = %(endpoint)s",
    "DELETE FROM agency_webhookendpoint WHERE agency_id = %(agency)s AND id = %(endpoint)s",
)


class WebhookMovedOn(Conflict):
    code = "webhook_moved_on"


def add_endpoint(
    *,
    name: str,
    url: str,
    types: Sequence[str],
    clients: Sequence[UUID] | None,
    by: Actor,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """An address that events are posted to from now on.

    Args:
        types: only these; none: all, also those that Earshot learns to tell later.
        clients: only what concerns these; None: all of them, and what concerns none.

    Returns:
        The endpoint, and the secret that its receiver checks signatures by: shown this once.

    Raises:
        Invalid: by field; Conflict: there are too many.
    """
    by.require(Right.KEYS)
    # Two who add at once come one after the other.
    Agency.objects.select_for_update(no_key=True).get(pk=by.agency_id)
    if WebhookEndpoint.objects.count() >= MOST:
        raise Conflict(f"There are {MOST} webhooks already. Delete one that isn't needed.")
    endpoint = WebhookEndpoint(created_by_id=by.member_id, created_at=now)
    _set(endpoint, {"name": name, "url": url, "types": types, "clients": clients})
    secret = new_signing()
    put(endpoint, "secret", secret)
    endpoint.save(force_insert=True)
    record("webhook.added", by=by, subject=endpoint, now=now, details=_told(endpoint))
    return endpoint, secret


def change_endpoint(
    endpoint: WebhookEndpoint,
    *,
    changes: Mapping[str, Any],
    by: Actor,
    now: datetime,
    seen: frozenset[int] | None = None,
) -> WebhookEndpoint:
    """Change its name, url, types or clients. What is on its way already goes to the new address.

    Args:
        changes: of `name`, `url`, `types` and `clients`, what is to be something else.
        seen: the versions that may be changed; None: whichever there is.

    Raises:
        Invalid: by field; WebhookMovedOn: somebody has.
    """
    by.require(Right.KEYS)
    Agency.objects.select_for_update(no_key=True).get(pk=by.agency_id)
    endpoint = locked(endpoint)
    if seen is not None and endpoint.version not in seen:
        raise WebhookMovedOn("Somebody changed this webhook meanwhile. Look at it again.")
    before, url = _told(endpoint), opened(endpoint, "url")
    _set(endpoint, changes)
    changed: dict[str, Any] = differences(before, _told(endpoint))
    if changes.get("url") and changes["url"] != url:
        changed["address"] = "changed"
        endpoint.failing_since = endpoint.warned_at = endpoint.rest_until = None
        endpoint.failures, endpoint.is_slow = 0, False
        clear_alarms(HEALTH, [endpoint.pk])
        set_alarm(LOOK, endpoint.pk, now)
    if changed:
        endpoint.version += 1
        endpoint.save()
        record("webhook.changed", by=by, subject=endpoint, now=now, details=changed)
    return endpoint


def disable_endpoint(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> WebhookEndpoint:
    """Post nothing any more until it is enabled. Events are kept meanwhile, and can be replayed."""
    by.require(Right.KEYS)
    endpoint = locked(endpoint)
    if endpoint.disabled_at is None:
        disable(endpoint, why=f"{by.name} disabled it.", by=by, now=now)
        endpoint.version += 1
        endpoint.save(update_fields=["version"])
    return endpoint


def enable_endpoint(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> WebhookEndpoint:
    """Post again what happens from now on. What it missed is sent by a replay."""
    by.require(Right.KEYS)
    endpoint = locked(endpoint)
    if endpoint.disabled_at is None:
        return endpoint
    endpoint.disabled_at, endpoint.disabled_why, endpoint.disabled_by = None, "", ""
    endpoint.failing_since = endpoint.warned_at = endpoint.rest_until = None
    endpoint.failures, endpoint.is_slow = 0, False
    endpoint.version += 1
    endpoint.save()
    set_alarm(LOOK, endpoint.pk, now)
    record("webhook.enabled", by=by, subject=endpoint, now=now)
    emit("webhook.enabled", subject=endpoint, now=now, data={"name": endpoint.name})
    return endpoint


def rotate_secret(
    endpoint: WebhookEndpoint, *, by: Actor, now: datetime, overlap: timedelta = OVERLAP
) -> tuple[WebhookEndpoint, str]:
    """A new secret, shown this once. Until the overlap is over, each message is signed with both.

    Args:
        overlap: none where the old secret got into wrong hands.

    Raises:
        Invalid: too long.
    """
    by.require(Right.KEYS)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid.field("overlap_seconds", f"Choose 0 to {LONGEST_OVERLAP // timedelta(hours=1)} hours.")
    endpoint = locked(endpoint)
    old, secret = opened(endpoint, "secret"), new_signing()
    endpoint.old_until = now + overlap if overlap else None
    put(endpoint, "old_secret", old if overlap else "")
    put(endpoint, "secret", secret)
    endpoint.version += 1
    endpoint.save(update_fields=["secret", "old_secret", "old_until", "version"])
    if overlap:
        set_alarm(FORGET, endpoint.pk, now + overlap, wake=False)
    details = {"until": endpoint.old_until.isoformat() if endpoint.old_until else None}
    record("webhook.rotated", by=by, subject=endpoint, now=now, details=details)
    return endpoint, secret


@on_alarm(FORGET)
def forget_old_secrets(endpoints: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """What isn't used any more isn't kept."""
    rows = WebhookEndpoint.objects.filter(pk__in=endpoints, old_until__isnull=False)
    rows.filter(old_until__lte=now).update(old_secret="", old_until=None)
    return dict(rows.values_list("pk", "old_until"))


def delete_endpoint(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> None:
    """With all its deliveries. Events stay in the feed."""
    by.require(Right.KEYS)
    # Whoever has told of something is waited for, so that what is deleted is all that there is.
    endpoint = locked(endpoint, to_delete=True)
    record("webhook.deleted", by=by, subject=endpoint, now=now, details={"origin": endpoint.origin})
    with connection.cursor() as cursor:
        # Not by the ORM's collector, which would load every one of them.
        for statement in _DELETE:
            cursor.execute(statement, {"agency": current_agency(), "endpoint": endpoint.pk})
    for kind in (LOOK, HEALTH, FORGET):
        clear_alarms(kind, [endpoint.pk])


def locked(endpoint: WebhookEndpoint, *, to_delete: bool = False) -> WebhookEndpoint:
    """Raises: NotFound: somebody has deleted it meanwhile."""
    rows = WebhookEndpoint.objects.select_for_update(no_key=not to_delete, of=("self",))
    found: WebhookEndpoint | None = rows.filter(pk=endpoint.pk).first()
    if found is None:
        raise NotFound
    return found


# Checking ----------------------------------------------------------------------------------------------


def _set(endpoint: WebhookEndpoint, changes: Mapping[str, Any]) -> None:
    if "name" in changes:
        endpoint.name = _checked_name(changes["name"], endpoint)
    if changes.get("url") or not endpoint.url:
        url = str(changes.get("url") or "")
        if problem := _problem(url):
            raise Invalid.field("url", problem)
        endpoint.origin = shown_origin(url)
        if not endpoint.url or opened(endpoint, "url") != url:
            put(endpoint, "url", url)
    if "types" in changes:
        endpoint.types = check_types(changes["types"])
    if "clients" in changes:
        clients = changes["clients"]
        endpoint.client_ids = None if clients is None else sorted(set(clients))


def _checked_name(name: str, endpoint: WebhookEndpoint) -> str:
    if not name.strip():
        raise Invalid.field("name", "Enter a name.")
    if WebhookEndpoint.objects.filter(name=name).exclude(pk=endpoint.pk).exists():
        raise Invalid.field("name", "There is a webhook with this name already.")
    return name


def _problem(url: str) -> str:
    if not url:
        return "Enter the address."
    if len(url) > LONGEST_URL:
        return f"Use at most {LONGEST_URL} characters."
    return check_webhook_url(url)


def check_types(types: Sequence[str]) -> list[str]:
    """Raises: Invalid: one that there isn't."""
    known = event_types()
    if unknown := [name for name in types if name not in known]:
        raise Invalid.field("types", f"There is no event type “{unknown[0][:60]}”.")
    return sorted(set(types))


def _told(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What the log tells: ids of clients and no names."""
    clients = endpoint.client_ids
    return {
        "name": endpoint.name,
        "origin": endpoint.origin,
        "types": endpoint.types,
        "clients": None if clients is None else [str(client_id) for client_id in clients],
    }

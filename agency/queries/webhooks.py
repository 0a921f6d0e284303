"""Webhooks, and what became of each delivery. For who may make API keys: by both, data leaves the agency."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.models import WebhookDelivery, WebhookEndpoint, WebhookReplay
from agency.rights import Right


def list_endpoints(*, by: Actor) -> "QuerySet[Any]":
    by.require(Right.KEYS)
    return WebhookEndpoint.objects.select_related("created_by__user")


def list_endpoints_with_figures(*, by: Actor, since: datetime) -> "QuerySet[Any]":
    """With `delivered`, `not_delivered` and `waiting` of what was made since then, and `last_at`, the newest attempt."""
    lately = Q(deliveries__created_at__gte=since)
    State = WebhookDelivery.State  # noqa: N806
    rows: QuerySet[Any] = list_endpoints(by=by).annotate(
        delivered=Count("deliveries", filter=lately & Q(deliveries__state=State.DELIVERED)),
        not_delivered=Count(
            "deliveries", filter=lately & Q(deliveries__state__in=[State.FAILED, State.DROPPED])
        ),
        waiting=Count("deliveries", filter=Q(deliveries__state__in=[State.PENDING, State.SENDING])),
        last_at=Max("deliveries__last_at"),
    )
    return rows


def get_endpoint(endpoint_id: UUID, *, by: Actor) -> WebhookEndpoint:
    """Raises: NotFound."""
    found: WebhookEndpoint | None = list_endpoints(by=by).filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound
    return found


def list_deliveries(
    endpoint: WebhookEndpoint,
    *,
    by: Actor,
    states: Sequence[str] = (),
    types: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    event_id: UUID | None = None,
) -> "QuerySet[Any]":
    """Of one endpoint.

    Args:
        since, until: by when the event happened.
    """
    by.require(Right.KEYS)
    wanted = Q(endpoint=endpoint)
    wanted &= Q(state__in=states) if states else Q()
    wanted &= Q(type__in=types) if types else Q()
    wanted &= Q(created_at__gte=since) if since else Q()
    wanted &= Q(created_at__lt=until) if until else Q()
    wanted &= Q(event_id=event_id) if event_id else Q()
    return WebhookDelivery.objects.filter(wanted)


def get_delivery(delivery_id: UUID, *, by: Actor) -> WebhookDelivery:
    """With its attempts. Raises: NotFound."""
    by.require(Right.KEYS)
    found: WebhookDelivery | None = (
        WebhookDelivery.objects.select_related("endpoint", "replay").filter(pk=delivery_id).first()
    )
    if found is None:
        raise NotFound
    return found


def last_replay(endpoint: WebhookEndpoint, *, by: Actor) -> WebhookReplay | None:
    """The one that is under way, or was last."""
    by.require(Right.KEYS)
    found: WebhookReplay | None = (
        WebhookReplay.objects.filter(endpoint=endpoint).order_by("-created_at", "-id").first()
    )
    return found

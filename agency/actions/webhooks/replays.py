"""Replay: one delivery sent again, or a whole range of events, a few at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet

from agency.actions.alarms import clear_alarms, on_alarm, set_alarm
from agency.actions.audit import record
from agency.actions.webhooks.endpoints import check_types, locked
from agency.actions.webhooks.queue import OPEN, look_by
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.models import Event, WebhookDelivery, WebhookEndpoint, WebhookReplay
from agency.rights import Right
from agency.webhooks import TEST

REPLAY = "webhook.replay"
# So many of a range are on their way at once, and so many events are looked at in one step.
AT_ONCE, STEP = 200, 1000
SOON = timedelta(seconds=1)

State, Which, Progress = WebhookDelivery.State, WebhookReplay.Which, WebhookReplay.State


class CantReplay(Conflict):
    code, title = "cant_replay", "That can't be sent again"


@dataclass(frozen=True, slots=True)
class Counted:
    """How what a replay queued has fared."""

    waiting: int
    delivered: int
    failed: int


# One --------------------------------------------------------------------------------------------------


def replay_delivery(delivery: WebhookDelivery, *, by: Actor, now: datetime) -> WebhookDelivery:
    """Send it once more, now, with the same id, and with all its retries before it.

    Raises:
        CantReplay: its webhook is disabled, its event is gone, it is a test, or it is on its way at this moment.
    """
    by.require(Right.KEYS)
    endpoint = locked(delivery.endpoint)
    delivery = WebhookDelivery.objects.select_for_update(no_key=True, of=("self",)).get(pk=delivery.pk)
    if endpoint.disabled_at is not None:
        raise CantReplay("The webhook is disabled. Enable it first.")
    if delivery.type == TEST:
        raise CantReplay("That was a test. Send a new one.")
    if delivery.state == State.SENDING:
        raise CantReplay("It is being sent at this moment.")
    if not Event.objects.filter(pk=delivery.event_id).exists():
        raise CantReplay("What it told about was erased, or is too long ago.")
    delivery.state, delivery.tries, delivery.next_at, delivery.error = State.PENDING, 0, now, ""
    delivery.replayed += 1
    delivery.save(update_fields=["state", "tries", "next_at", "error", "replayed"])
    if endpoint.rest_until is not None:
        endpoint.rest_until = None
        endpoint.save(update_fields=["rest_until"])
    look_by({endpoint.pk: now})
    details = {"type": delivery.type, "event": str(delivery.event_id)}
    record(
        "webhook.replayed", by=by, subject=endpoint, now=now, details=details, client_id=delivery.client_id
    )
    return delivery


# A range ------------------------------------------------------------------------------------------------


def begin_replay(
    endpoint: WebhookEndpoint,
    *,
    since: datetime,
    until: datetime | None,
    types: Sequence[str],
    which: str,
    by: Actor,
    now: datetime,
) -> WebhookReplay:
    """Send the events of a time again: also those that were never sent, because the webhook was disabled or not there.

    Args:
        until: None for up to now.
        which: only what didn't arrive, or everything.

    Raises:
        Invalid: by field; CantReplay: the webhook is disabled, or a replay is under way.
    """
    by.require(Right.KEYS)
    endpoint = locked(endpoint)
    if endpoint.disabled_at is not None:
        raise CantReplay("The webhook is disabled. Enable it first.")
    if which not in Which.values:
        raise Invalid.field("which", f"Choose what to send: {', '.join(Which.values)}.")
    end = min(until, now) if until is not None else now
    if since >= end:
        raise Invalid.field(
            "since", "Nothing happened in that time: choose a beginning that is before its end."
        )
    if WebhookReplay.objects.filter(endpoint=endpoint, state=Progress.RUNNING).exists():
        raise CantReplay("A replay is under way already. Wait for it, or stop it.")
    replay = WebhookReplay(
        endpoint=endpoint,
        since=since,
        until=end,
        types=check_types(types),
        which=which,
        total=0,
        by_name=by.name[:120],
        created_at=now,
    )
    replay.total = _events(endpoint, replay).count()
    replay.save(force_insert=True)
    set_alarm(REPLAY, replay.pk, now)
    details = {"since": since.isoformat(), "until": end.isoformat(), "which": which, "events": replay.total}
    record("webhook.replayed", by=by, subject=endpoint, now=now, details=details)
    return replay


def stop_replay(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> WebhookReplay:
    """What of it waits isn't sent.

    Raises:
        CantReplay: none is under way.
    """
    by.require(Right.KEYS)
    endpoint = locked(endpoint)
    replay: WebhookReplay | None = (
        WebhookReplay.objects.select_for_update(no_key=True, of=("self",))
        .filter(endpoint=endpoint, state=Progress.RUNNING)
        .first()
    )
    if replay is None:
        raise CantReplay("No replay is under way.")
    replay.state, replay.finished_at = Progress.STOPPED, now
    replay.save(update_fields=["state", "finished_at"])
    WebhookDelivery.objects.filter(replay=replay, state=State.PENDING).update(
        state=State.DROPPED, next_at=None, error="The replay was stopped."
    )
    clear_alarms(REPLAY, [replay.pk])
    record("webhook.replay_stopped", by=by, subject=endpoint, now=now)
    return replay


def count_of(replay: WebhookReplay) -> Counted:
    rows = WebhookDelivery.objects.filter(replay=replay).order_by().values_list("state", flat=True)
    states = [*rows]
    waiting = sum(state in OPEN for state in states)
    delivered = states.count(State.DELIVERED)
    return Counted(waiting, delivered, len(states) - waiting - delivered)


@on_alarm(REPLAY)
def go_on(replays: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    # The endpoint before what belongs to it, as everybody does.
    list(
        WebhookEndpoint.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=WebhookReplay.objects.filter(pk__in=replays).values("endpoint_id"))
        .order_by("id")
    )
    running = WebhookReplay.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk__in=replays, state=Progress.RUNNING
    )
    return {replay.pk: _go_on(replay, now) for replay in running.select_related("endpoint").order_by("id")}


def _go_on(replay: WebhookReplay, now: datetime) -> datetime | None:
    """Queue as many as there is room for; when to go on."""
    under_way = WebhookDelivery.objects.filter(replay=replay, state__in=OPEN).count()
    events = list(_events(replay.endpoint, replay).order_by("id")[:STEP])
    if not events:
        if under_way:
            return now + SOON
        replay.state, replay.finished_at = Progress.DONE, now
        replay.save(update_fields=["state", "finished_at"])
        return None
    there = {
        row.event_id: row
        for row in WebhookDelivery.objects.filter(
            endpoint=replay.endpoint, event_id__in=[event.pk for event in events]
        )
    }
    _queue(replay, _take(replay, events, there, AT_ONCE - under_way), there, now)
    replay.save(update_fields=["seen", "queued", "after_id"])
    return now + SOON


def _take(
    replay: WebhookReplay, events: Sequence[Event], there: Mapping[UUID, WebhookDelivery], room: int
) -> list[Event]:
    """The next events that are to be sent, as long as there is room; notes how far we are."""
    again = {State.FAILED, State.DROPPED, *({State.DELIVERED} if replay.which == Which.ALL else ())}
    taken: list[Event] = []
    for event in events:
        known = there.get(event.pk)
        wanted = known is None or known.state in again
        if wanted and len(taken) >= room:
            break
        taken += [event] if wanted else []
        replay.seen += 1
        replay.after_id = event.pk
    replay.queued += len(taken)
    return taken


def _queue(
    replay: WebhookReplay, events: Sequence[Event], there: Mapping[UUID, WebhookDelivery], now: datetime
) -> None:
    if not events:
        return
    known = [there[event.pk].pk for event in events if event.pk in there]
    WebhookDelivery.objects.filter(pk__in=known).update(
        state=State.PENDING, tries=0, next_at=now, error="", replayed=F("replayed") + 1, replay=replay
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=replay.endpoint,
            event_id=event.pk,
            type=event.type,
            client_id=event.client_id,
            next_at=now,
            created_at=event.at,
            replayed=1,
            replay=replay,
        )
        for event in events
        if event.pk not in there
    )
    look_by({replay.endpoint_id: now})


def _events(endpoint: WebhookEndpoint, replay: WebhookReplay) -> "QuerySet[Any]":
    """Of the range, those that the endpoint wants, as far as they weren't looked at yet."""
    kept_since = replay.created_at - timedelta(days=settings.TRACE_DAYS)
    wanted = Q(at__gte=max(replay.since, kept_since), at__lt=replay.until)
    for types in (endpoint.types, replay.types):
        wanted &= Q(type__in=types) if types else Q()
    if endpoint.client_ids is not None:
        wanted &= Q(client_id__in=endpoint.client_ids)
    if replay.after_id is not None:
        wanted &= Q(id__gt=replay.after_id)
    return Event.objects.filter(wanted)

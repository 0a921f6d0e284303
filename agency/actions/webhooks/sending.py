"""Sending: claim, post, record, as long as an endpoint has something due and it is its turn.

At least once: who is cut off in between leaves a lease that ends, and the delivery is sent again with the same id. One
short transaction between two posts records the first and claims the second.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection

from agency.actions.webhooks.bodies import body_of
from agency.actions.webhooks.health import note_failure, note_success
from agency.actions.webhooks.queue import lease, look_by
from agency.ids import new_id
from agency.messengers.signed import Answer, hiding, post_signed, signed_headers
from agency.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from agency.remembered import Remembered
from agency.sealed import opened
from agency.tenancy import current_agency, tenant
from agency.text import clean, one_line
from agency.vault import VaultError
from agency.webhooks import IN_FLIGHT, PROBE, SCHEDULE, TEST, asked_wait, next_wait
from agency.written import insert

log = structlog.get_logger("earshot.webhooks")

# After so long a worker turns to others, and comes back to this endpoint behind them.
TURN_SECONDS = 5.0
# After so long an endpoint that hangs asks again whether it is its turn.
HANGING_TURN = timedelta(seconds=5)
BODY_KEPT, HEADERS_KEPT, HEADER_KEPT = 4096, 40, 300
# Headers of an answer that let somebody in.
SECRET_HEADERS = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authorization"})
BROKE_OFF = "It broke off: whether it arrived isn't known."
ERASED = "What it told about was erased, so that it isn't sent."

State = WebhookDelivery.State


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt, with what it needs: held in memory alone.

    Attributes:
        broken: why it can't even be tried.
    """

    delivery_id: UUID
    type: str
    n: int
    tries: int
    at: datetime
    url: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    broken: str = ""


def send_due(agency_id: UUID, endpoint_id: UUID, *, clock: Callable[[], datetime]) -> bool:
    """Send what is due at an endpoint, one after the other; whether it is worth a further turn."""
    until = time.monotonic() + TURN_SECONDS
    job: Job | None = None
    answer = Answer()
    while True:
        with tenant(agency_id):
            now = clock()
            endpoint = lock_endpoint(endpoint_id)
            if endpoint is None:
                return False
            if job is not None:
                settle(endpoint, job, answer, now)
            over = time.monotonic() >= until
            job = None if over else claim(endpoint, now)
        if job is None:
            return over
        answer = post(job)


def lock_endpoint(endpoint_id: UUID) -> WebhookEndpoint | None:
    """Before any of its deliveries, always."""
    found: WebhookEndpoint | None = _locked.first(endpoint_id=endpoint_id)
    return found


_locked = Remembered(
    lambda endpoint_id: WebhookEndpoint.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk=endpoint_id
    )
)


def post(job: Job) -> Answer:
    """Not inside a transaction."""
    if job.broken:
        return Answer(error=job.broken)
    return post_signed(job.url, job.body, job.headers, seconds=settings.WEBHOOK_SECONDS)


# Claiming ----------------------------------------------------------------------------------------------

_CLAIM = """
WITH found AS MATERIALIZED (
    SELECT id, state AS was, last_at AS was_at FROM agency_webhookdelivery
     WHERE agency_id = %(agency)s AND endpoint_id = %(endpoint)s
       AND state IN ('pending', 'sending') AND next_at <= %(now)s
       AND %(most)s > (SELECT count(*) FROM agency_webhookdelivery
                        WHERE agency_id = %(agency)s AND endpoint_id = %(endpoint)s
                          AND state = 'sending' AND next_at > %(now)s)
     ORDER BY next_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE agency_webhookdelivery AS delivery
   SET state = 'sending', attempts = attempts + 1, tries = tries + 1, next_at = %(lease)s,
       first_at = coalesce(first_at, %(now)s), last_at = %(now)s
  FROM found WHERE delivery.id = found.id
RETURNING delivery.id, event_id, type, created_at, attempts, tries, was, was_at
"""


def claim(endpoint: WebhookEndpoint, now: datetime) -> Job | None:
    """The next attempt at a locked endpoint; None where nothing is due, or enough is in flight, or it is left in peace."""
    if endpoint.disabled_at is not None or (endpoint.rest_until is not None and endpoint.rest_until > now):
        return None
    calm = endpoint.failing_since is None and not endpoint.is_slow
    if _hangs(endpoint) and _another_hangs(endpoint, now):
        look_by({endpoint.pk: now + HANGING_TURN})
        return None
    given: dict[str, Any] = {
        "agency": current_agency(),
        "endpoint": endpoint.pk,
        "now": now,
        "lease": now + lease(),
        "most": IN_FLIGHT if calm else PROBE,
    }
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, given)
            row = cursor.fetchone()
        if row is None:
            return None
        if job := _job(endpoint, row, now):
            return job


def _hangs(endpoint: WebhookEndpoint) -> bool:
    return endpoint.is_slow and endpoint.failing_since is not None


def _another_hangs(endpoint: WebhookEndpoint, now: datetime) -> bool:
    """Whether a worker waits for another endpoint of this agency that hangs: one agency's dead receivers hold one worker,
    and not all that there are."""
    busy = WebhookDelivery.objects.filter(
        state=State.SENDING, next_at__gt=now, endpoint__is_slow=True, endpoint__failing_since__isnull=False
    )
    return bool(busy.exclude(endpoint=endpoint).exclude(type=TEST).exists())


def _job(endpoint: WebhookEndpoint, row: Any, now: datetime) -> Job | None:
    delivery_id, event_id, type_, created_at, attempts, tries, was, was_at = row
    if was == State.SENDING:
        # Whoever had it was cut off. What they would have written is written now.
        WebhookAttempt.objects.bulk_create(
            [WebhookAttempt(delivery_id=delivery_id, n=attempts - 1, at=was_at, error=BROKE_OFF)],
            ignore_conflicts=True,
        )
        if tries > len(SCHEDULE) or type_ == TEST:
            _end(delivery_id, State.FAILED, BROKE_OFF, attempts=attempts - 1)
            return None
    delivery = WebhookDelivery(id=delivery_id, event_id=event_id, type=type_, created_at=created_at)
    body = body_of(delivery, endpoint)
    if body is None:
        _end(delivery_id, State.DROPPED, ERASED, attempts=attempts - 1)
        return None
    return make_job(endpoint, delivery, body, n=attempts, tries=tries, now=now)


def make_job(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, body: bytes, *, n: int, tries: int, now: datetime
) -> Job:
    """The attempt, signed for now."""
    about: dict[str, Any] = {
        "delivery_id": delivery.pk,
        "type": delivery.type,
        "n": n,
        "tries": tries,
        "at": now,
    }
    try:
        url, secrets = opened(endpoint, "url"), signing_secrets(endpoint, now)
    except VaultError:
        return Job(**about, broken="Its address or secret can't be opened with the keys that are there.")
    headers = signed_headers(str(delivery.event_id), body, at=now, by=secrets)
    return Job(**about, url=url, body=body, headers=headers)


def signing_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The one that holds, and the one before while both do."""
    old = endpoint.old_until is not None and endpoint.old_until > now and opened(endpoint, "old_secret")
    return [opened(endpoint, "secret"), *([old] if old else [])]


def _end(delivery_id: UUID, state: str, why: str, *, attempts: int) -> None:
    WebhookDelivery.objects.filter(pk=delivery_id).update(
        state=state, error=why, next_at=None, attempts=attempts
    )


# Recording ---------------------------------------------------------------------------------------------


_SETTLE = """
UPDATE agency_webhookdelivery
   SET status = %(status)s, state = %(state)s, next_at = %(next_at)s, error = %(error)s,
       delivered_at = coalesce(%(delivered_at)s::timestamptz, delivered_at)
 WHERE agency_id = %(agency)s AND id = %(id)s AND state = 'sending' AND attempts = %(n)s
"""


def settle(endpoint: WebhookEndpoint, job: Job, answer: Answer, now: datetime) -> None:
    """Write down what came of it. Of a delivery that was erased, or taken over since by somebody else, nothing."""
    changes = _delivered(now) if answer.ok else _failed(endpoint, job, answer, now)
    given: dict[str, Any] = {"agency": current_agency(), "id": job.delivery_id, "n": job.n}
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"delivered_at": None, "status": answer.status, **given, **changes})
        if not cursor.rowcount:
            return
    _note_attempt(job, answer, now)
    if job.type == TEST:
        return  # whoever asked for it sees it; it says nothing of how events fare
    if _has_moved(endpoint, job):
        look_by({endpoint.pk: changes["next_at"]})
        return  # nor does what the old address said of the new one
    if answer.ok:
        note_success(endpoint, seconds=answer.seconds)
        return
    log.warning("webhook not delivered", delivery=str(job.delivery_id), n=job.n, status=answer.status)
    note_failure(endpoint, answer, now=now)
    if endpoint.disabled_at is None:
        look_by({endpoint.pk: changes["next_at"] or endpoint.rest_until or now})


def _delivered(now: datetime) -> dict[str, Any]:
    return {"state": State.DELIVERED, "delivered_at": now, "next_at": None, "error": ""}


def _failed(endpoint: WebhookEndpoint, job: Job, answer: Answer, now: datetime) -> dict[str, Any]:
    error = one_line(answer.error, 300)
    wait = next_wait(job.tries, random.random())  # noqa: S311  (no secret)
    if wait is None or job.type == TEST:
        return {"state": State.FAILED, "next_at": None, "error": error}
    moved = _has_moved(endpoint, job)
    if endpoint.disabled_at is not None or (answer.gone and not moved):
        return {"state": State.DROPPED, "next_at": None, "error": error}
    asked = None if moved else asked_wait(answer.status, answer.headers, now)
    next_at = now + max(wait / settings.WEBHOOK_HASTE, asked or wait / settings.WEBHOOK_HASTE)
    return {"state": State.PENDING, "next_at": next_at, "error": error}


def _has_moved(endpoint: WebhookEndpoint, job: Job) -> bool:
    """Whether the endpoint got another address while this was under way."""
    try:
        return bool(job.url) and opened(endpoint, "url") != job.url
    except VaultError:
        return False


def _note_attempt(job: Job, answer: Answer, now: datetime) -> None:
    hide = hiding(job.url)
    attempt = WebhookAttempt(
        id=new_id(),
        delivery_id=job.delivery_id,
        n=job.n,
        at=job.at,
        finished_at=now,
        milliseconds=round(answer.seconds * 1000),
        status=answer.status,
        error=one_line(answer.error, 300),
        request_headers=dict(job.headers),
        response_headers=_kept_headers(answer.headers, hide),
        response_body=clean(hide(answer.body.decode("utf-8", "replace"))[:BODY_KEPT]),
    )
    insert(attempt)


def _kept_headers(headers: Mapping[str, str], hide: Callable[[str], str]) -> dict[str, str]:
    return {
        one_line(name, 100): "…" if name in SECRET_HEADERS else one_line(hide(value), HEADER_KEPT)
        for name, value in sorted(headers.items())[:HEADERS_KEPT]
    }

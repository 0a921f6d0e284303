"""The test button: a message that says that the webhook works, sent at once, with what came back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.webhooks.bodies import body_of
from agency.actions.webhooks.endpoints import locked
from agency.actions.webhooks.queue import lease
from agency.actions.webhooks.sending import Job, lock_endpoint, make_job, post, settle
from agency.actor import Actor
from agency.errors import DomainError
from agency.ids import new_id
from agency.messengers.signed import Answer
from agency.models import Agency, WebhookDelivery, WebhookEndpoint
from agency.rights import Right
from agency.tenancy import tenant
from agency.webhooks import TEST

A_MINUTE = 5
State = WebhookDelivery.State


class TooManyTests(DomainError):
    code, status, title = "too_many_tests", 429, "Wait a little"


def prepare_trial(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> Job:
    """A delivery of a `webhook.test`, to be sent outside the transaction (`run_trial`). Also to one that is disabled.

    Raises:
        TooManyTests: one is on its way, or more than a few were within a minute.
    """
    by.require(Right.KEYS)
    # Whoever asks waits for the answer, and a server has only so many threads: one at a time for an agency.
    Agency.objects.select_for_update(no_key=True).get(pk=by.agency_id)
    endpoint = locked(endpoint)
    if WebhookDelivery.objects.filter(type=TEST, state=State.SENDING, next_at__gt=now).exists():
        raise TooManyTests("A test is on its way already. Wait for what comes back.")
    lately = WebhookDelivery.objects.filter(
        endpoint=endpoint, type=TEST, created_at__gt=now - timedelta(minutes=1)
    )
    if lately.count() >= A_MINUTE:
        raise TooManyTests(f"{A_MINUTE} tests a minute are enough. Wait a little.")
    delivery = WebhookDelivery(
        endpoint=endpoint,
        event_id=new_id(),
        type=TEST,
        state=State.SENDING,
        attempts=1,
        tries=1,
        next_at=now + lease(),
        created_at=now,
        first_at=now,
        last_at=now,
    )
    delivery.save(force_insert=True)
    body = body_of(delivery, endpoint) or b""
    return make_job(endpoint, delivery, body, n=1, tries=1, now=now)


def run_trial(agency_id: UUID, endpoint_id: UUID, job: Job, *, clock: Callable[[], datetime]) -> Answer:
    """Not inside a transaction: up to half a minute."""
    answer = post(job)
    with tenant(agency_id):
        endpoint = lock_endpoint(endpoint_id)
        if endpoint is not None:
            settle(endpoint, job, answer, clock())
    return answer


def say_answer(answer: Answer) -> str:
    """What came back, for the one who asked."""
    took = f"{answer.seconds:.1f} s" if answer.seconds >= 0.1 else f"{answer.seconds * 1000:.0f} ms"
    if answer.ok:
        return f"The test arrived: it answered {answer.status} after {took}."
    return f"The test didn't arrive. {answer.error}"

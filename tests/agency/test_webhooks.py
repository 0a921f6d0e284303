"""Events are posted to the agency's webhooks, once each or more, signed, and never lost."""

import time
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actions.events import emit
from agency.actions.members import add_member, change_role, remove_member
from agency.actions.webhooks import sending
from agency.actions.webhooks.bodies import body_of
from agency.actions.webhooks.endpoints import (
    change_endpoint,
    delete_endpoint,
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
)
from agency.actions.webhooks.queue import LOOK, lease
from agency.actions.webhooks.replays import CantReplay, begin_replay, replay_delivery, stop_replay
from agency.actions.webhooks.trials import TooManyTests, prepare_trial, run_trial
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.models import (
    Alarm,
    AuditEntry,
    Event,
    Membership,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookReplay,
)
from agency.tasks import webhooks as tasks
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from mentions.models import Mention
from tests.agency.hooks import Hooks, read
from tests.fixtures import Clock
from tests.making import make_mention, send_mails
from tests.web_server import HANG_UP, Answer, WebServer
from workflows.actions.deletion import forget_told
from workflows.actions.housekeeping import clear_traces

State = WebhookDelivery.State
FAILS = Answer(status=500, body=b"no")


@pytest.fixture
def hooks(ana: Actor, clock: Clock, web_server: WebServer, monkeypatch: pytest.MonkeyPatch) -> Hooks:
    made = Hooks(ana, clock, web_server)
    monkeypatch.setattr(
        tasks, "ring_after_commit", lambda task, *ids: made.rings.append(tuple(map(str, ids)))
    )
    return made


# Which events -------------------------------------------------------------------------------------------


def test_an_event_is_posted_signed_and_with_its_own_id(hooks: Hooks) -> None:
    endpoint = hooks.add()
    event_id = hooks.tell()
    hooks.send()
    (request,) = hooks.came
    said = read(request, hooks.secrets[endpoint.pk])
    assert (said["type"], said["timestamp"]) == ("member.added", "2026-03-06T17:04:00Z")
    assert (said["data"]["id"], said["data"]["role"]) == (str(event_id), "analyst")
    assert request.headers["webhook-id"] == str(event_id)
    delivery = hooks.one()
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 1, 204)
    (attempt,) = hooks.log()
    assert (attempt.status, attempt.error, attempt.request_headers["webhook-id"]) == (204, "", str(event_id))
    assert hooks.secrets[endpoint.pk] not in str(attempt.request_headers)


def test_who_wants_some_types_or_clients_gets_only_those(
    hooks: Hooks, brand: Client, ana: Actor, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        other = create_client(name="Harbour Books", time_zone="UTC", language="en", by=ana, now=clock.now)
    every, some = hooks.add("all"), hooks.add("some types", types=["mention.created"])
    limited = hooks.add("one client", clients=[brand.pk])
    with tenant(ana.agency_id):
        make_mention(brand, now=clock.now)
        make_mention(other, now=clock.now, text="closed", author="Quayside")
        WebhookDelivery.objects.exclude(type__in=["mention.created", "member.added"]).delete()
    hooks.tell()
    got = {
        endpoint: sorted(d.type for d in hooks.deliveries(endpoint=endpoint))
        for endpoint in (every, some, limited)
    }
    assert got == {
        every: ["member.added", "mention.created", "mention.created"],
        some: ["mention.created", "mention.created"],
        # What concerns no client in particular isn't for who is told of some clients only.
        limited: ["mention.created"],
    }


def test_what_did_not_happen_is_not_posted(hooks: Hooks) -> None:
    hooks.add()
    with pytest.raises(RuntimeError), tenant(hooks.ana.agency_id):
        hooks.tell()
        raise RuntimeError
    hooks.send()
    assert (hooks.deliveries(), hooks.came) == ([], [])


def test_an_agency_hears_nothing_of_another(hooks: Hooks, cleo: Actor, clock: Clock) -> None:
    hooks.add()
    with tenant(cleo.agency_id):
        emit(
            "member.added",
            subject=Membership.objects.get(pk=cleo.id),
            now=clock.now,
            data={"role": "analyst"},
        )
    assert hooks.deliveries() == []


def test_making_an_event_asks_no_more_questions_with_webhooks_than_without(hooks: Hooks) -> None:
    with CaptureQueriesContext(connection) as without:
        hooks.tell()
    for n in range(3):
        hooks.add(f"hook {n}")
    with CaptureQueriesContext(connection) as with_three:
        hooks.tell()
    assert len(with_three) == len(without)
    assert len(hooks.deliveries()) == 3


# Retries ------------------------------------------------------------------------------------------------


def test_a_delivery_that_fails_is_tried_again_for_three_days_and_then_given_up(hooks: Hooks) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = FAILS
    event_id = hooks.tell()
    hooks.send()
    begun = hooks.clock.now
    waits: list[timedelta] = []
    while hooks.one().state == State.PENDING and len(waits) < 12:
        waits.append(hooks.wait(hooks.one()))
        hooks.send(seconds=waits[-1].total_seconds())
    assert len(hooks.came) == 10
    assert {request.headers["webhook-id"] for request in hooks.came} == {str(event_id)}
    assert 68 < (hooks.clock.now - begun) / timedelta(hours=1) < 84
    assert all(
        0.9 <= wait / planned <= 1.1 for wait, planned in zip(waits, sending.SCHEDULE[1:], strict=True)
    )
    delivery = hooks.one()
    assert (delivery.state, delivery.attempts, delivery.status, delivery.error) == (
        "failed",
        10,
        500,
        "The receiver answered 500.",
    )
    hooks.send(hours=1)
    assert not Alarm.objects.filter(kind="webhook.look", agency=hooks.ana.agency_id).exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=302, headers={"Location": "http://10.0.0.1/"}), "redirects (302)"),
        (HANG_UP, "broke off"),
        (Answer(status=200, body=b"x" * 100_001), "larger than"),
    ],
    ids=["redirect", "reset", "too much"],
)
def test_what_is_not_a_short_plain_yes_is_a_failure_and_says_why(
    hooks: Hooks, answer: Answer, said: str
) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = answer
    hooks.tell()
    hooks.send()
    assert (hooks.one().state, len(hooks.came)) == ("pending", 1)
    assert said in hooks.one().error


def test_an_inner_address_is_never_called(hooks: Hooks, settings: Any) -> None:
    hooks.add()
    settings.ALLOW_LOOPBACK = False
    hooks.tell()
    hooks.send()
    assert ("private network" in hooks.one().error, hooks.came) == (True, [])


def test_a_receiver_that_asks_for_patience_gets_it_within_bounds(hooks: Hooks) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = Answer(status=429, headers={"Retry-After": "120"})
    hooks.tell()
    hooks.tell()
    hooks.send()
    # The second one isn't even tried.
    assert len(hooks.came) == 1
    assert hooks.wait(hooks.deliveries()[0]) == timedelta(seconds=120)
    hooks.server.answers["/hook"] = Answer()
    hooks.send(seconds=119)
    assert len(hooks.came) == 1
    hooks.send(seconds=2)
    assert [d.state for d in hooks.deliveries()] == ["delivered", "delivered"]


def test_who_is_cut_off_while_sending_loses_nothing(hooks: Hooks) -> None:
    hooks.add()
    event_id = hooks.tell()
    hooks.ring()
    with tenant(hooks.ana.agency_id):
        endpoint = sending.lock_endpoint(hooks.endpoint().pk)
        assert sending.claim(endpoint, hooks.clock.now) is not None
    hooks.send(seconds=1)
    assert hooks.came == []
    hooks.send(seconds=lease().total_seconds())
    assert [request.headers["webhook-id"] for request in hooks.came] == [str(event_id)]
    first, second = hooks.log()
    assert (first.n, first.finished_at, first.error) == (1, None, sending.BROKE_OFF)
    assert (second.n, second.status) == (2, 204)


def test_who_comes_back_too_late_changes_nothing(hooks: Hooks) -> None:
    hooks.add()
    hooks.tell()
    with tenant(hooks.ana.agency_id):
        endpoint = sending.lock_endpoint(hooks.endpoint().pk)
        job = sending.claim(endpoint, hooks.clock.now)
    hooks.send(seconds=lease().total_seconds() + 1)
    with tenant(hooks.ana.agency_id):
        sending.settle(endpoint, job, sending.Answer(error="late"), hooks.clock.now)
    assert (hooks.one().state, [attempt.n for attempt in hooks.log()]) == ("delivered", [1, 2])


def test_an_event_that_was_erased_is_not_sent(hooks: Hooks, mention: Mention) -> None:
    hooks.add()
    with tenant(hooks.ana.agency_id):
        gone = emit(
            "mention.acknowledged", subject=mention, now=hooks.clock.now, data={"by": "Ben", "rung": 1}
        )
        Event.objects.filter(pk=gone.pk).delete()
    hooks.send()
    assert (hooks.one().state, hooks.one().error, hooks.came) == ("dropped", sending.ERASED, [])


def test_what_an_answer_said_goes_with_the_event_that_is_erased(hooks: Hooks, mention: Mention) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = Answer(body=b"thanks for Pauls")
    with tenant(hooks.ana.agency_id):
        emit("mention.acknowledged", subject=mention, now=hooks.clock.now, data={"by": "Ben", "rung": 1})
    hooks.send()
    with tenant(hooks.ana.agency_id):
        emit("mention.acknowledged", subject=mention, now=hooks.clock.now, data={"by": "Ana", "rung": 2})
        forget_told([mention.pk])
        assert [(d.state, d.log.count()) for d in WebhookDelivery.objects.order_by("id")] == [
            ("delivered", 0),
            ("dropped", 0),
        ]


def test_traces_are_cleared_after_their_time(hooks: Hooks) -> None:
    hooks.add()
    hooks.tell()
    hooks.send()
    with tenant(hooks.ana.agency_id):
        clear_traces(now=hooks.clock.now + timedelta(days=89))
        assert WebhookAttempt.objects.count() == 1
        clear_traces(now=hooks.clock.now + timedelta(days=91))
        assert (WebhookAttempt.objects.count(), WebhookDelivery.objects.count()) == (0, 0)


# Fairness -----------------------------------------------------------------------------------------------


def test_few_of_one_endpoint_are_in_flight_and_one_while_it_fails(hooks: Hooks) -> None:
    hooks.add()
    for _ in range(6):
        hooks.tell()
    assert hooks.ring() == 3
    with tenant(hooks.ana.agency_id):
        endpoint = sending.lock_endpoint(hooks.endpoint().pk)
        claimed = [sending.claim(endpoint, hooks.clock.now) for _ in range(4)]
    assert [job is not None for job in claimed] == [True, True, True, False]
    with tenant(hooks.ana.agency_id):
        sending.settle(endpoint, claimed[0], sending.Answer(500, error="no"), hooks.clock.now)
        assert sending.claim(endpoint, hooks.clock.now) is None
        sending.settle(endpoint, claimed[1], sending.Answer(204), hooks.clock.now)
        assert sending.claim(endpoint, hooks.clock.now) is not None


def test_an_endpoint_that_fails_is_asked_ever_more_rarely_and_catches_up_at_once(hooks: Hooks) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = FAILS
    for _ in range(20):
        hooks.tell()
    for _ in range(60):
        hooks.send(seconds=5)
    # In five minutes: a few at once, and then a probe a minute, instead of twenty events by their schedules.
    assert len(hooks.came) < 15
    hooks.server.answers["/hook"] = Answer()
    hooks.send(seconds=61)
    hooks.send(seconds=300)
    assert {d.state for d in hooks.deliveries()} == {"delivered"}
    assert hooks.endpoint().failures == 0


def test_an_endpoint_that_hangs_is_left_after_its_time_and_holds_up_nobody(
    hooks: Hooks, settings: Any
) -> None:
    settings.WEBHOOK_SECONDS = 1

    def hang(request: Any) -> Answer:
        time.sleep(1.5)
        return Answer()

    hooks.server.answers["/slow"] = hang
    hooks.add("slow", path="/slow")
    hooks.add("quick")
    hooks.tell()
    hooks.send()
    assert sorted(d.state for d in hooks.deliveries()) == ["delivered", "pending"]
    (late,) = hooks.deliveries(state="pending")
    assert "took longer than 1 seconds" in late.error


def test_of_one_agency_one_worker_waits_for_receivers_that_hang(
    hooks: Hooks, ana: Actor, clock: Clock
) -> None:
    dead, other, quick = hooks.add("dead"), hooks.add("dead too"), hooks.add("quick")
    with tenant(ana.agency_id):
        WebhookEndpoint.objects.exclude(pk=quick.pk).update(is_slow=True, failing_since=clock.now, failures=1)
    hooks.tell()
    with tenant(ana.agency_id):
        first, second, third = (sending.lock_endpoint(one.pk) for one in (dead, other, quick))
        assert first
        assert second
        assert third
        assert sending.claim(first, clock.now)
        assert sending.claim(second, clock.now) is None
        assert Alarm.objects.get(kind=LOOK, subject_id=other.pk).due_at == clock.now + timedelta(seconds=5)
        assert sending.claim(third, clock.now)
        clock.advance(seconds=lease().total_seconds() + 1)
        assert sending.claim(second, clock.now)  # whoever had the first was cut off


# Health -------------------------------------------------------------------------------------------------


def test_after_a_day_of_failure_people_are_warned_and_after_five_it_is_disabled(
    hooks: Hooks, mailoutbox: list[Any]
) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = FAILS
    hooks.tell()
    for _ in range(24):
        hooks.send(hours=1)
        if hooks.clock.now.hour % 6 == 0:
            hooks.tell()
    hooks.send(hours=1)
    send_mails(hooks.ana.agency_id, now=hooks.clock.now)
    assert [mail.subject for mail in mailoutbox] == ["The webhook “Warehouse” has been failing for a day"]
    for _ in range(97):
        hooks.send(hours=1)
    send_mails(hooks.ana.agency_id, now=hooks.clock.now)
    assert "is disabled" in mailoutbox[1].subject
    endpoint = hooks.endpoint()
    assert "Nothing arrived for 5 days. What came back last: The receiver answered 500." in (
        endpoint.disabled_why
    )
    assert {d.state for d in hooks.deliveries()} <= {"failed", "dropped"}
    before = len(hooks.came)
    hooks.tell()
    hooks.send(days=2)
    assert (len(hooks.came), hooks.deliveries(state="pending")) == (before, [])
    with tenant(hooks.ana.agency_id):
        assert Event.objects.filter(type="webhook.disabled").count() == 1


def test_one_success_makes_all_well_again(hooks: Hooks, mailoutbox: list[Any]) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = FAILS
    hooks.tell()
    hooks.send(hours=20)
    hooks.server.answers["/hook"] = Answer()
    hooks.send(hours=3)
    hooks.server.answers["/hook"] = FAILS
    hooks.tell()
    hooks.send(hours=3)
    assert mailoutbox == []
    assert (hooks.endpoint().failing_since, hooks.endpoint().warned_at) == (hooks.clock.now, None)


def test_a_receiver_that_is_gone_is_called_no_more(hooks: Hooks, mailoutbox: list[Any]) -> None:
    hooks.add()
    hooks.server.answers["/hook"] = Answer(status=410)
    hooks.tell()
    hooks.tell()
    hooks.send()
    assert len(hooks.came) == 1
    assert (hooks.endpoint().disabled_at, hooks.endpoint().disabled_by) == (hooks.clock.now, "")
    assert {d.state for d in hooks.deliveries()} == {"dropped"}
    send_mails(hooks.ana.agency_id, now=hooks.clock.now)
    assert "nobody is there any more (410)" in mailoutbox[0].body


def test_owners_are_told_when_who_set_a_webhook_up_leaves_or_may_no_longer(
    hooks: Hooks, ana: Actor, clock: Clock, mailoutbox: list[Any]
) -> None:
    with tenant(ana.agency_id):
        otto = add_member(
            email="otto@northlight.example", name="Otto", role="owner", by=ana, now=clock.now, invite=False
        )
        endpoint = hooks.add()
        WebhookEndpoint.objects.update(created_by=otto)
        change_role(otto, role="manager", by=ana, now=clock.now)
    send_mails(ana.agency_id, now=clock.now)
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["ana@northlight.example"], "The webhook “Warehouse” goes on without who set it up")
    ]
    with tenant(ana.agency_id):
        remove_member(otto, by=ana, now=clock.now)
    send_mails(ana.agency_id, now=clock.now)
    assert len(mailoutbox) == 2
    hooks.tell()
    hooks.send()
    assert read(hooks.came[-1], hooks.secrets[endpoint.pk])["type"] == "member.added"


# Changing -----------------------------------------------------------------------------------------------


def test_a_new_secret_and_the_old_one_are_both_good_until_the_overlap_is_over(
    hooks: Hooks, ana: Actor, clock: Clock
) -> None:
    endpoint = hooks.add()
    old = hooks.secrets[endpoint.pk]
    with tenant(ana.agency_id):
        _, new = rotate_secret(endpoint, by=ana, now=clock.now)
    hooks.tell()
    hooks.send(hours=23)
    assert [read(hooks.came[0], secret)["type"] for secret in (old, new)] == ["member.added"] * 2
    hooks.tell()
    hooks.send(hours=2)
    assert read(hooks.came[1], new)["type"] == "member.added"
    assert " " not in hooks.came[1].headers["webhook-signature"]
    assert (hooks.endpoint().old_secret, hooks.endpoint().old_until) == ("", None)
    with pytest.raises(AssertionError):
        read(hooks.came[1], old)


def test_a_secret_that_got_out_is_good_for_nothing_at_once(hooks: Hooks, ana: Actor, clock: Clock) -> None:
    endpoint = hooks.add()
    with tenant(ana.agency_id):
        rotate_secret(endpoint, overlap=timedelta(0), by=ana, now=clock.now)
        with pytest.raises(Invalid):
            rotate_secret(endpoint, overlap=timedelta(days=8), by=ana, now=clock.now)
    hooks.tell()
    hooks.send()
    with pytest.raises(AssertionError):
        read(hooks.came[0], hooks.secrets[endpoint.pk])


def test_disabled_it_hears_nothing_and_a_replay_brings_what_it_missed(
    hooks: Hooks, ana: Actor, clock: Clock
) -> None:
    endpoint = hooks.add()
    hooks.tell("owner")
    hooks.send()
    hooks.tell("manager")
    with tenant(ana.agency_id):
        disable_endpoint(endpoint, by=ana, now=clock.now)
        with pytest.raises(CantReplay):
            begin_replay(endpoint, since=clock.now, until=None, types=[], which="all", by=ana, now=clock.now)
    clock.advance(minutes=1)
    missed = hooks.tell("responder")
    hooks.send(hours=1)
    assert [d.state for d in hooks.deliveries()] == ["delivered", "dropped"]
    with tenant(ana.agency_id):
        enable_endpoint(endpoint, by=ana, now=clock.now)
        replay = begin_replay(
            endpoint,
            since=clock.now - timedelta(hours=3),
            until=None,
            types=["member.added"],
            which="undelivered",
            by=ana,
            now=clock.now,
        )
    # Ana's own place in the agency is among them, older than the webhook.
    assert replay.total == 4
    hooks.send()
    hooks.send(seconds=2)
    told = [orjson.loads(request.body) for request in hooks.came]
    roles = [event["data"]["role"] for event in told if event["type"] == "member.added"]
    assert sorted(roles) == ["manager", "owner", "owner", "responder"]
    assert str(missed) in {request.headers["webhook-id"] for request in hooks.came}
    with tenant(ana.agency_id):
        replay.refresh_from_db()
        assert (replay.state, replay.seen, replay.queued) == ("done", 4, 3)


def test_a_whole_range_goes_out_a_few_at_a_time(
    hooks: Hooks, ana: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agency.actions.webhooks.replays.AT_ONCE", 4)
    endpoint = hooks.add()
    for _ in range(10):
        hooks.tell()
    hooks.send()
    hooks.send(seconds=6)
    assert len(hooks.came) == 10
    hooks.server.answers["/hook"] = FAILS
    with tenant(ana.agency_id):
        begin_replay(
            endpoint,
            since=clock.now - timedelta(days=1),
            until=None,
            types=["member.added"],
            which="all",
            by=ana,
            now=clock.now,
        )
        with pytest.raises(CantReplay):
            begin_replay(
                endpoint,
                since=clock.now - timedelta(days=1),
                until=None,
                types=[],
                which="all",
                by=ana,
                now=clock.now,
            )
    for _ in range(5):
        hooks.send(seconds=1)
    assert len(hooks.deliveries(state="pending")) == 4
    hooks.server.answers["/hook"] = Answer()
    for _ in range(12):
        hooks.send(minutes=10)
    with tenant(ana.agency_id):
        replay = WebhookReplay.objects.get()
        assert (replay.state, replay.queued, replay.total) == ("done", 11, 11)
    assert {d.state for d in hooks.deliveries()} == {"delivered"}


def test_a_replay_can_be_stopped(hooks: Hooks, ana: Actor, clock: Clock) -> None:
    endpoint = hooks.add()
    hooks.tell()
    hooks.send()
    hooks.server.answers["/hook"] = FAILS
    clock.advance(minutes=1)
    with tenant(ana.agency_id):
        begin_replay(
            endpoint,
            since=clock.now - timedelta(days=1),
            until=None,
            types=["member.added"],
            which="all",
            by=ana,
            now=clock.now,
        )
    hooks.send()
    with tenant(ana.agency_id):
        stop_replay(endpoint, by=ana, now=clock.now)
        with pytest.raises(CantReplay):
            stop_replay(endpoint, by=ana, now=clock.now)
    assert {(d.state, d.error) for d in hooks.deliveries()} == {("dropped", "The replay was stopped.")}


def test_one_delivery_is_sent_again_with_the_same_id(hooks: Hooks, ana: Actor, clock: Clock) -> None:
    endpoint = hooks.add()
    hooks.tell()
    hooks.send()
    with tenant(ana.agency_id):
        replay_delivery(hooks.one(), by=ana, now=clock.now)
    hooks.send()
    assert len({request.headers["webhook-id"] for request in hooks.came}) == 1
    assert (hooks.one().attempts, hooks.one().replayed, len(hooks.came)) == (2, 1, 2)
    with tenant(ana.agency_id):
        Event.objects.all().delete()
        with pytest.raises(CantReplay, match="erased"):
            replay_delivery(hooks.one(), by=ana, now=clock.now)
        disable_endpoint(endpoint, by=ana, now=clock.now)
        with pytest.raises(CantReplay, match="disabled"):
            replay_delivery(hooks.one(), by=ana, now=clock.now)


def test_a_test_is_sent_at_once_and_says_nothing_of_health(hooks: Hooks, ana: Actor, clock: Clock) -> None:
    endpoint = hooks.add()
    hooks.server.answers["/hook"] = FAILS
    answers = []
    for _ in range(5):
        with tenant(ana.agency_id):
            job = prepare_trial(endpoint, by=ana, now=clock.now)
        answers.append(run_trial(ana.agency_id, endpoint.pk, job, clock=lambda: clock.now))
    assert [answer.status for answer in answers] == [500] * 5
    said = read(hooks.came[0], hooks.secrets[endpoint.pk])
    assert (said["type"], "Warehouse" in said["data"]["text"]) == ("webhook.test", True)
    assert {d.state for d in hooks.deliveries()} == {"failed"}
    assert (hooks.endpoint().failures, hooks.endpoint().failing_since) == (0, None)
    with tenant(ana.agency_id), pytest.raises(TooManyTests):
        prepare_trial(endpoint, by=ana, now=clock.now)
    clock.advance(minutes=2)
    with tenant(ana.agency_id):
        assert prepare_trial(endpoint, by=ana, now=clock.now)


def test_one_test_at_a_time_is_waited_for(hooks: Hooks, ana: Actor, clock: Clock) -> None:
    endpoint, other = hooks.add(), hooks.add("Other")
    with tenant(ana.agency_id):
        job = prepare_trial(endpoint, by=ana, now=clock.now)
    # Each would hold one of the threads that all agencies share, for as long as its receiver likes.
    with tenant(ana.agency_id), pytest.raises(TooManyTests, match="on its way"):
        prepare_trial(other, by=ana, now=clock.now)
    assert run_trial(ana.agency_id, endpoint.pk, job, clock=lambda: clock.now).ok
    with tenant(ana.agency_id):
        prepare_trial(other, by=ana, now=clock.now)
    clock.advance(seconds=lease().total_seconds() + 1)
    with tenant(ana.agency_id):
        assert prepare_trial(other, by=ana, now=clock.now)  # whoever had that one was cut off


def test_a_token_in_the_address_is_not_kept_where_the_receiver_repeats_it(
    hooks: Hooks, ana: Actor, clock: Clock
) -> None:
    path = "/in/T0k3n-of-Ana%2B1?key=S3cret%26value&v=2"
    said = b"<pre>Cannot POST /in/T0k3n-of-Ana%2B1?key=S3cret%26value&amp;v=2 or T0k3n-of-Ana+1, s3cret&amp;VALUE</pre>"
    headers = {"Location": path, "X-Seen": "key is S3cret%26value"}
    hooks.server.answers[path.partition("?")[0]] = Answer(
        status=404, headers=headers, body=b"." * 4060 + said
    )
    hooks.add(path=path)
    hooks.tell()
    hooks.send()
    (attempt,) = hooks.log()
    assert attempt.status == 404
    kept = f"{attempt.response_headers} {attempt.response_body} {attempt.error}".lower()
    assert attempt.response_headers["location"] == "…"
    assert "t0k3n" not in kept
    assert "s3cret" not in kept
    assert "cannot post" in kept or kept.count(".") > 4000


def test_a_deleted_webhook_takes_its_deliveries_along(hooks: Hooks, ana: Actor, clock: Clock) -> None:
    endpoint = hooks.add()
    hooks.tell()
    hooks.send()
    hooks.tell()
    with tenant(ana.agency_id):
        delete_endpoint(endpoint, by=ana, now=clock.now)
        assert [m.objects.count() for m in (WebhookEndpoint, WebhookDelivery, WebhookAttempt)] == [0, 0, 0]
    hooks.send(hours=1)
    assert len(hooks.came) == 1


def test_another_address_is_tried_at_once_with_what_waits(hooks: Hooks, ana: Actor, clock: Clock) -> None:
    endpoint = hooks.add()
    hooks.server.answers["/hook"] = FAILS
    hooks.tell()
    hooks.tell()
    hooks.send()
    hooks.server.answers["/other"] = Answer()
    with tenant(ana.agency_id):
        changes = {"url": hooks.server.url_of("/other")}
        changed = change_endpoint(endpoint, changes=changes, seen=frozenset({1}), by=ana, now=clock.now)
        with pytest.raises(Conflict):
            change_endpoint(endpoint, changes=changes, seen=frozenset({1}), by=ana, now=clock.now)
    assert changed.version == 2
    hooks.send(seconds=10)
    assert {d.state for d in hooks.deliveries()} == {"delivered"}
    with tenant(ana.agency_id):
        told = AuditEntry.objects.get(action="webhook.changed").details
    assert told == {"address": "changed"}


def test_what_the_old_address_said_last_is_not_held_against_the_new_one(
    hooks: Hooks, ana: Actor, clock: Clock
) -> None:
    endpoint = hooks.add()

    hooks.server.answers.update({"/hook": Answer(status=410), "/other": Answer()})
    hooks.tell()
    hooks.ring()
    with tenant(ana.agency_id):
        locked = sending.lock_endpoint(endpoint.pk)
        assert locked
        job = sending.claim(locked, clock.now)
        assert job
    answer = sending.post(job)
    with tenant(ana.agency_id):
        changes = {"url": hooks.server.url_of("/other")}
        changed = change_endpoint(endpoint, changes=changes, by=ana, now=clock.now)
        sending.settle(changed, job, answer, clock.now)
    assert (hooks.endpoint().disabled_at, hooks.endpoint().failing_since) == (None, None)
    hooks.send(seconds=10)
    assert [request.path for request in hooks.came] == ["/hook", "/other"]
    assert hooks.one().state == "delivered"


def test_events_wait_for_nobody_and_a_body_is_the_same_each_time(hooks: Hooks) -> None:
    endpoint = hooks.add()
    hooks.server.answers["/hook"] = FAILS
    hooks.tell()
    hooks.send()
    hooks.server.answers["/hook"] = Answer()
    hooks.send(seconds=6)
    first, second = hooks.came
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    with tenant(hooks.ana.agency_id):
        assert body_of(hooks.one(), endpoint) == first.body

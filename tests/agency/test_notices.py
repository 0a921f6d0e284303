"""Notices to members: by which channel, when, how often, what came back, and who took it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client as Browser

from agency.actions.acknowledgements import LASTS, acknowledge
from agency.actions.alarms import sweep
from agency.actions.channel_health import GIVEN_UP
from agency.actions.channels import add_channel
from agency.actions.members import remove_member
from agency.actions.notices import ATTEMPTS, LEASE, URGENT_ATTEMPTS, notify_rooms, send_notice
from agency.actor import Actor
from agency.ids import new_id
from agency.models import AckLink, Alarm, AuditEntry, Channel, Membership, Notice, NoticeAttempt
from agency.tenancy import tenant
from tests.agency.told import KIND, Told, told_kind
from tests.fixtures import Api, Clock
from tests.web_server import HANG_UP, Answer, WebServer

MailServerGone = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def told(clock: Clock) -> Iterator[Told]:
    with told_kind(clock) as told:
        yield told


@pytest.fixture
def hook(ben: Actor, web_server: WebServer, clock: Clock) -> Channel:
    """Ben's webhook, which answers 200."""
    web_server.answers["/hook"] = Answer()
    with tenant(ben.agency_id):
        channel, _ = add_channel(
            kind="webhook",
            name="Pager",
            takes="all",
            address=web_server.url_of("/hook"),
            by=ben,
            now=clock.now,
        )
    return channel


def _without_mail(settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = MailServerGone, "127.0.0.1", 1


def test_who_has_no_channel_is_told_by_mail(told: Told, ben: Actor) -> None:
    told.tell(ben)
    (notice,) = told.send(ben)
    assert (notice.state, notice.via, notice.to) == ("sent", "mail", "ben@northlight.example")
    (attempt,) = notice.tries.all()
    assert (attempt.n, attempt.outcome, attempt.error) == (1, "sent", "")
    assert told.links[0] in str(mail.outbox[0].body)
    assert [n.pk for n in told.sent] == [notice.pk]


def test_each_channel_that_takes_it_gets_one_and_mail_none(told: Told, ben: Actor, hook: Channel) -> None:
    told.tell(ben)
    (notice,) = told.send(ben)
    assert (notice.state, notice.via, notice.channel.name) == ("sent", "webhook", "Pager")
    assert mail.outbox == []


def test_a_channel_for_urgent_only_leaves_the_rest_to_mail(told: Told, ben: Actor, hook: Channel) -> None:
    with tenant(ben.agency_id):
        Channel.objects.update(takes="urgent")
    assert [n.via for n in told.tell(ben)] == ["mail"]
    assert [n.via for n in told.tell(ben, urgent=True, kind=KIND)] == ["webhook"]


def test_a_notice_waits_for_its_members_hours_unless_it_is_urgent(
    told: Told, ben: Actor, clock: Clock
) -> None:
    morning = clock.now + timedelta(hours=14)
    (notice,) = told.tell(ben, not_before=morning)
    assert Alarm.objects.get(subject_id=notice.pk).due_at == morning
    (same,) = told.tell(ben, not_before=morning, urgent=True)
    assert same.pk == notice.pk
    assert Alarm.objects.get(subject_id=notice.pk).due_at == clock.now


def test_the_same_is_not_queued_twice_while_it_is_under_way(told: Told, ben: Actor, hook: Channel) -> None:
    first, second = told.tell(ben), told.tell(ben)
    assert [n.pk for n in first] == [n.pk for n in second]
    told.send(ben)
    told.tell(ben)  # a reminder, after the first arrived
    assert [n.state for n in told.all(ben)] == ["sent", "queued"]


def test_what_lost_its_reason_is_not_sent_and_nobody_is_told_that_it_failed(told: Told, ben: Actor) -> None:
    told.tell(ben)
    told.needed = False
    (notice,) = told.send(ben)
    assert (notice.state, notice.error, notice.attempts) == ("failed", "No longer needed.", 0)
    assert (told.failed, mail.outbox) == ([], [])


def test_who_left_is_told_nothing_and_their_channels_are_gone(
    told: Told, ben: Actor, hook: Channel, ana: Actor, clock: Clock, web_server: WebServer
) -> None:
    told.tell(ben)
    with tenant(ana.agency_id):
        remove_member(Membership.objects.select_related("user").get(pk=ben.id), by=ana, now=clock.now)
        assert not Channel.objects.exists()
    (notice,) = told.send(ben)
    assert (notice.state, notice.error) == ("failed", "Ben left.")
    assert (web_server.requests, mail.outbox) == ([], [])


def test_an_urgent_notice_goes_by_mail_when_its_channels_were_given_up(
    told: Told, ben: Actor, hook: Channel, web_server: WebServer, clock: Clock
) -> None:
    web_server.answers["/hook"] = Answer(status=500)
    told.tell(ben, urgent=True)
    begun = clock.now
    for _ in range(URGENT_ATTEMPTS):
        assert told.failed == []
        told.send(ben)
        clock.now = Alarm.objects.get(kind="notice.send").due_at
    assert clock.now - begun <= timedelta(minutes=2)
    by_hook, by_mail = told.send(ben)
    assert (by_hook.state, by_hook.error) == ("failed", "The receiver answered 500.")
    assert [(t.outcome, t.status) for t in by_hook.tries.all()] == [("failed", 500)] * URGENT_ATTEMPTS
    assert (by_mail.state, by_mail.to) == ("sent", "ben@northlight.example")
    assert told.failed == []


def test_whoever_waits_is_told_once_when_mail_fails_too_and_mail_is_tried_on(
    told: Told, ben: Actor, hook: Channel, web_server: WebServer, clock: Clock, settings: Any
) -> None:
    _without_mail(settings)
    web_server.answers["/hook"] = Answer(status=410)
    told.tell(ben, urgent=True)
    for _ in range(1 + URGENT_ATTEMPTS):
        assert told.failed == []
        told.send(ben)
        clock.now = Alarm.objects.filter(kind="notice.send").order_by("due_at").first().due_at  # type: ignore[union-attr]
    assert [n.via for n in told.failed] == ["mail"]
    for _ in range(ATTEMPTS):
        told.send(ben)
        clock.advance(hours=2)
    assert [(n.state, n.attempts) for n in told.all(ben)] == [("failed", 1), ("failed", ATTEMPTS)]
    assert len(told.failed) == 1


def test_one_channel_that_works_is_enough(
    told: Told, ben: Actor, hook: Channel, web_server: WebServer, clock: Clock
) -> None:
    with tenant(ben.agency_id):
        add_channel(kind="mail", name="Mail", takes="all", by=ben, now=clock.advance(seconds=1))
    web_server.answers["/hook"] = Answer(status=410)
    told.tell(ben, urgent=True)
    assert sorted((n.via, n.state) for n in told.send(ben)) == [("mail", "sent"), ("webhook", "failed")]
    assert (told.failed, len(told.all(ben))) == ([], 2)


def test_a_sender_that_dies_is_noted_and_the_notice_sent_again_under_the_same_id(
    told: Told, ben: Actor, hook: Channel, web_server: WebServer, clock: Clock
) -> None:
    (notice,) = told.tell(ben)
    with tenant(ben.agency_id):  # claimed, sent, and then nobody there to record it
        Notice.objects.update(state="sending", attempts=1, lease_until=clock.now + LEASE)
        NoticeAttempt(notice=notice, n=1, at=clock.now).save(force_insert=True)
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    assert web_server.requests == []  # somebody has it
    clock.now += LEASE + timedelta(seconds=1)
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    (again,) = told.all(ben)
    first, second = sorted(again.tries.all(), key=lambda attempt: attempt.n)
    assert (first.outcome, second.outcome) == ("failed", "sent")
    assert "It broke off" in first.error
    assert [request.headers["webhook-id"] for request in web_server.requests] == [str(notice.pk)]


def test_a_channel_that_keeps_failing_is_disabled_and_its_owner_mailed(
    told: Told, ben: Actor, hook: Channel, web_server: WebServer, clock: Clock
) -> None:
    web_server.answers["/hook"] = HANG_UP
    with tenant(ben.agency_id):
        Channel.objects.update(failures=GIVEN_UP - 1)
    told.tell(ben, urgent=True)
    for _ in range(URGENT_ATTEMPTS):
        told.send(ben)
        clock.advance(minutes=2)
    with tenant(ben.agency_id):
        channel = Channel.objects.get()
        notice = Notice.objects.get(kind="channel.disabled")
    assert (channel.failures, channel.disabled_at is not None) == (GIVEN_UP, True)
    assert "broke off" in channel.disabled_why
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    assert mail.outbox[-1].to == ["ben@northlight.example"]
    assert "“Pager”" in str(mail.outbox[-1].body)
    assert [n.via for n in told.tell(ben)] == ["mail"]  # it isn't used any more


def test_a_receiver_that_is_gone_disables_its_channel_at_once(
    told: Told, ben: Actor, hook: Channel, web_server: WebServer
) -> None:
    web_server.answers["/hook"] = Answer(status=410)
    told.tell(ben)
    told.send(ben)
    with tenant(ben.agency_id):
        assert "410" in Channel.objects.get().disabled_why


def test_rooms_are_told_of_what_they_take(
    told: Told, ana: Actor, clock: Clock, web_server: WebServer
) -> None:
    web_server.answers["/room"] = Answer()
    with tenant(ana.agency_id):
        given = {"takes": "urgent", "room": True, "by": ana, "now": clock.now}
        add_channel(kind="mail", name="Duty", email="duty@northlight.example", **given)  # type: ignore[arg-type]
        add_channel(kind="webhook", name="Desk", address=web_server.url_of("/room"), **given)  # type: ignore[arg-type]
        assert notify_rooms(kind=KIND, subject_id=told.subject, now=clock.now) == []
        notify_rooms(kind=KIND, subject_id=told.subject, now=clock.now, urgent=True)
    assert [n.state for n in told.send(ana)] == ["sent", "sent"]
    assert (mail.outbox[0].to, len(web_server.requests)) == (["duty@northlight.example"], 1)


# Acknowledgement ---------------------------------------------------------------------------------------


def test_a_link_is_taken_by_one_press_without_signing_in(told: Told, ben: Actor, clock: Clock) -> None:
    told.tell(ben)
    told.send(ben)
    phone = Browser(enforce_csrf_checks=True)
    for look in (phone.get, phone.head, phone.options):
        assert look(told.path).status_code == 200
    assert told.taken == []
    shown = phone.get(told.path)
    assert (shown["Referrer-Policy"], shown["Cache-Control"]) == ("no-referrer", "no-store")
    assert "“The soup was cold.”" in shown.content.decode()
    assert phone.post(told.path, headers={"origin": "null"}).status_code == 303
    assert told.taken == ["Ben"]
    assert "You have it" in phone.get(told.path).content.decode()
    with tenant(ben.agency_id):
        entry = AuditEntry.objects.get(action="notice.acknowledged")
    assert entry.actor_name == "Ben"


def test_later_presses_learn_who_has_it_and_change_nothing(
    told: Told, ben: Actor, mara: Actor, clock: Clock
) -> None:
    told.tell(ben)
    told.tell(mara)
    told.send(ben)
    first, second = (f"/ack/{link.partition('/ack/')[2]}" for link in told.links)
    Browser().post(second)
    clock.advance(minutes=3)
    Browser().post(first)
    assert told.taken == ["Mara"]
    assert "Mara has it" in Browser().get(first).content.decode()


def test_what_somebody_took_is_not_sent_to_the_others_any_more(told: Told, ben: Actor, mara: Actor) -> None:
    told.tell(ben)
    told.send(ben)
    told.tell(mara)
    Browser().post(told.path)
    _, marras = told.send(ben)
    assert (marras.state, marras.error) == ("failed", "Ben took it first.")
    assert len(mail.outbox) == 1


def test_links_that_lead_nowhere_look_alike(told: Told, ben: Actor, clock: Clock, ana: Actor) -> None:
    told.tell(ben)
    told.send(ben)
    live = told.path
    forged = live[:-5] + "AAAA/"
    with tenant(ben.agency_id):
        AckLink.objects.update(expires_at=clock.now)
    answers = [
        (answer.status_code, answer.content.decode().replace(path, ""))
        for path in (live, forged, "/ack/x/", "/ack/%00%FF/", "/ack/" + "a" * 900 + "/")
        for answer in (Browser().get(path), Browser().post(path))
    ]
    assert {status for status, _ in answers} == {404}
    assert len({_plain(text) for _, text in answers}) == 1
    assert told.taken == []
    with tenant(ben.agency_id):
        AckLink.objects.update(expires_at=clock.now + LASTS)
        remove_member(Membership.objects.select_related("user").get(pk=ben.id), by=ana, now=clock.now)
    assert Browser().get(live).status_code == 404


def _plain(text: str) -> str:
    kept = [line for line in text.splitlines() if "nonce" not in line and "data-now" not in line]
    return "\n".join(kept)


def test_in_a_room_who_takes_it_says_their_name(told: Told, ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        add_channel(
            kind="mail",
            name="Duty",
            takes="all",
            email="d@northlight.example",
            room=True,
            by=ana,
            now=clock.now,
        )
        notify_rooms(kind=KIND, subject_id=told.subject, now=clock.now)
    told.send(ana)
    phone = Browser()
    assert "Your name" in phone.get(told.path).content.decode()
    assert phone.post(told.path, {"name": " "}).status_code == 422
    assert told.taken == []
    assert phone.post(told.path, {"name": "Lea"}).status_code == 303
    assert told.taken == ["Lea (Duty)"]


def test_a_member_takes_it_by_the_api_and_by_nobody_elses(
    told: Told, ben: Actor, cleo: Actor, api: Callable[..., Api]
) -> None:
    (notice,) = told.tell(ben)
    path = f"/api/v1/notices/{notice.pk}/acknowledge/"
    assert api(cleo).post(path).status_code == 404
    taken = api(ben).post(path).json()
    assert (taken["by"], taken["by_this"], told.taken) == ("Ben's key", True, ["Ben's key"])
    assert api(ben).post(path).json()["by_this"] is False


def test_a_kind_that_asks_nobody_cannot_be_taken(
    ana: Actor, mara: Actor, api: Callable[..., Api], clock: Clock
) -> None:
    with tenant(ana.agency_id):
        notice = Notice(kind="member.invitation", to="x@y.example", subject_id=ana.id, created_at=clock.now)
        notice.save(force_insert=True)
    answer = api(mara).post(f"/api/v1/notices/{notice.pk}/acknowledge/")
    assert (answer.status_code, answer.json()["code"]) == (409, "nobody_is_asked")


def test_two_who_take_it_at_once_are_one(told: Told, ben: Actor, mara: Actor, clock: Clock) -> None:
    """The second waits for the first one's lock, and learns who has it."""
    (notice,) = told.tell(ben)
    with tenant(ben.agency_id):
        first = acknowledge(notice.pk, by=ben, now=clock.now)
        second = acknowledge(notice.pk, by=mara, now=clock.now)
    assert (first.by_this, second.by_this, second.by) == (True, False, "Ben")


# The list ----------------------------------------------------------------------------------------------


def test_managers_see_what_was_sent_to_whom_and_what_came_back(
    told: Told,
    ben: Actor,
    mara: Actor,
    hook: Channel,
    web_server: WebServer,
    page: Callable[[Actor], Browser],
    api: Callable[..., Api],
) -> None:
    web_server.answers["/hook"] = Answer(status=503)
    told.tell(ben, urgent=True)
    told.send(ben)
    shown = page(mara).get("/settings/notices/").content.decode()
    assert "Something told" in shown
    assert "The receiver answered 503." in shown
    assert (
        "The receiver answered 503." not in page(mara).get("/settings/notices/?state=sent").content.decode()
    )
    (row,) = api(mara).get(f"/api/v1/notices/?subject={told.subject}").json()["results"]
    assert (row["channel"], row["to_name"], row["state"]) == ("Pager", "Ben", "queued")
    assert [(t["n"], t["status"], t["outcome"]) for t in row["attempts"]] == [(1, 503, "failed")]
    assert page(ben).get("/settings/notices/").status_code == 403


def test_the_list_costs_the_same_whatever_its_length(
    told: Told, ben: Actor, mara: Actor, page: Callable[[Actor], Browser], django_assert_max_num_queries: Any
) -> None:
    for _ in range(6):
        told.subject = new_id()
        told.tell(ben)
    told.send(ben)
    browser = page(mara)
    with django_assert_max_num_queries(12):
        assert browser.get("/settings/notices/").content.decode().count('<details class="small"') == 6


def test_an_alarm_rings_for_a_notice_until_it_is_settled(told: Told, ben: Actor, clock: Clock) -> None:
    (notice,) = told.tell(ben)
    with transaction.atomic():
        assert sweep(now=clock.now).fired >= 1
    assert Alarm.objects.get(subject_id=notice.pk).due_at == clock.now + timedelta(seconds=30)

"""Mail through a real SMTP server: delivered, refused for good, put off, and held while one sends it."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.mail import EmailMultiAlternatives

from agency.actions.members import add_member
from agency.actions.notices import ATTEMPTS, LEASE, send_notice
from agency.actor import Actor
from agency.models import Alarm, Notice
from agency.tenancy import tenant
from tests.fixtures import Clock


class Box:
    """What arrived; `refuse` is the answer to every recipient."""

    def __init__(self) -> None:
        self.arrived: list[Envelope] = []
        self.refuse = ""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.arrived.append(envelope)
        return "250 OK"


@pytest.fixture
def box(settings: Any) -> Iterator[Box]:
    box = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield box
    controller.stop()


@pytest.fixture
def queued(ana: Actor, clock: Clock) -> Notice:
    with tenant(ana.agency_id):
        add_member(email="eve@northlight.example", name="Ēve", role="responder", by=ana, now=clock.now)
        notice: Notice = Notice.objects.get()
    return notice


def _send(queued: Notice, clock: Clock) -> Notice:
    send_notice(queued.agency_id, queued.pk, clock=lambda: clock.now)
    with tenant(queued.agency_id):
        notice: Notice = Notice.objects.get()
    return notice


def test_a_mail_arrives_whole(box: Box, queued: Notice, clock: Clock) -> None:
    sent = _send(queued, clock)
    assert (sent.state, sent.sent_at) == ("sent", clock.now)
    arrived = bytes(box.arrived[0].content or b"")
    assert box.arrived[0].rcpt_tos == ["eve@northlight.example"]
    assert b"Auto-Submitted: auto-generated" in arrived
    assert not Alarm.objects.filter(kind="notice.send").exists()


def test_an_address_that_is_refused_for_good_is_not_tried_again(
    box: Box, queued: Notice, clock: Clock
) -> None:
    box.refuse = "550 No such person"
    failed = _send(queued, clock)
    assert failed.state == "failed"
    assert "No such person" in failed.error


def test_a_server_that_is_gone_is_tried_again_ever_more_rarely(
    queued: Notice, clock: Clock, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    waits = []
    for _ in range(3):
        assert _send(queued, clock).state == "queued"
        due = Alarm.objects.get(kind="notice.send").due_at
        waits.append(due - clock.now)
        clock.now = due
    assert waits == [timedelta(seconds=20), timedelta(seconds=40), timedelta(seconds=80)]
    for _ in range(ATTEMPTS - 3):
        clock.advance(hours=2)
        last = _send(queued, clock)
    assert (last.state, last.attempts) == ("failed", ATTEMPTS)


def test_a_mail_that_is_being_sent_is_not_sent_again_meanwhile(
    box: Box, queued: Notice, clock: Clock
) -> None:
    with tenant(queued.agency_id):
        Notice.objects.update(state="sending", lease_until=clock.now + timedelta(seconds=90))
    assert _send(queued, clock).state == "sending"
    assert box.arrived == []
    clock.advance(seconds=91)
    assert _send(queued, clock).state == "sent"


def test_an_address_that_is_put_off_is_tried_again(box: Box, queued: Notice, clock: Clock) -> None:
    box.refuse = "450 Greylisted, try again in a minute"
    assert _send(queued, clock).state == "queued"
    box.refuse = ""
    clock.advance(minutes=1)
    assert _send(queued, clock).state == "sent"


def test_it_was_sent_when_the_server_had_taken_it(
    queued: Notice, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmailMultiAlternatives, "send", lambda self: clock.advance(seconds=40))
    begun = clock.now
    assert _send(queued, clock).sent_at == begun + timedelta(seconds=40)


def test_a_worker_keeps_its_lease_as_long_as_it_may_work(settings: Any) -> None:
    assert timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) < LEASE


def test_a_mail_that_kills_whoever_sends_it_is_given_up(
    queued: Notice, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(EmailMultiAlternatives, "send", die)
    for _ in range(ATTEMPTS):
        with pytest.raises(SystemExit):
            _send(queued, clock)
        clock.advance(hours=1)
    last = _send(queued, clock)
    assert (last.state, last.attempts) == ("failed", ATTEMPTS)
    assert not Alarm.objects.filter(kind="notice.send").exists()

"""The ladder against people who lost the part, rooms that are gone, and storms."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.channels import add_channel, delete_channel
from agency.actions.notices import send_notice
from agency.actor import Actor, system
from agency.models import Alarm, Membership, Notice
from agency.tenancy import tenant
from clients.actions.contacts import change_contact
from clients.models import Client, Contact
from mentions.models import Mention
from mentions.words import Move
from tests.fixtures import Api, Clock
from tests.making import make_mention, send_mails
from tests.workflows.test_escalation import climb, climb_of, on_duty, told, urgent
from workflows.actions.escalation import escalate_urgent
from workflows.actions.moves import claim_mention, dismiss_mention
from workflows.actions.storms import SINGLE
from workflows.actions.transition import transition
from workflows.models import EscalationLine
from workflows.words import CLIMB_TOLD

pytestmark = pytest.mark.django_db


def limit(member: Actor, **changes: Any) -> None:
    with tenant(member.agency_id):
        Membership.objects.filter(pk=member.id).update(**changes)


def links(agency: Actor, clock: Clock) -> list[str]:
    """Paths of the acknowledgement links that were mailed."""
    send_mails(agency.agency_id, now=clock.now)
    lines = [line for sent in mail.outbox for line in sent.body.splitlines() if "/ack/" in line]
    return ["/ack/" + line.partition("/ack/")[2] for line in lines]


def send_due(agency: Actor, clock: Clock) -> None:
    """What the alarms ring for by now."""
    with tenant(agency.agency_id):
        due = Alarm.objects.filter(kind="notice.send", due_at__lte=clock.now, agency_id=agency.agency_id)
        ids = list(due.order_by("due_at", "subject_id").values_list("subject_id", flat=True))
    for notice_id in ids:
        send_notice(agency.agency_id, notice_id, clock=lambda: clock.now)


@pytest.mark.parametrize("lost", [{"client_ids": []}, {"role": "analyst"}])
def test_a_link_is_dead_once_its_member_lost_the_client_or_the_part(
    lost: dict[str, Any], ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    on_duty(ana, None, ben, now=clock.now)
    urgent(mention, ana, clock.now)
    climb(clock)
    (link,) = links(ana, clock)
    assert "Does anybody answer there?" in Browser().get(link).content.decode()
    limit(ben, **lost)
    assert Browser().get(link).status_code == 404
    assert Browser().post(link).status_code == 404
    assert climb_of(mention).state == "waiting"
    climb(clock, 10)
    assert climb_of(mention).rung == 2


@pytest.mark.parametrize("lost", [{"client_ids": []}, {"role": "analyst"}])
def test_a_notice_on_its_way_is_not_sent_to_who_lost_the_client_or_the_part(
    lost: dict[str, Any], ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    on_duty(ana, None, ben, now=clock.now)
    urgent(mention, ana, clock.now)
    climb(clock)
    limit(ben, **lost)
    assert links(ana, clock) == []
    assert "Does anybody answer there?" not in str([sent.body for sent in mail.outbox])


def test_whoever_lost_the_client_can_silence_nobody_by_the_api(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock, api: Callable[..., Api]
) -> None:
    on_duty(ana, None, ben, now=clock.now)
    urgent(mention, ana, clock.now)
    climb(clock)
    with tenant(ana.agency_id):
        notice = Notice.objects.get(kind=CLIMB_TOLD)
    limit(ben, client_ids=[])
    assert api(ben).post(f"/api/v1/notices/{notice.pk}/acknowledge/").status_code == 404
    with tenant(ana.agency_id):
        assert Notice.objects.get(pk=notice.pk).acknowledged_at is None


def test_a_deleted_room_is_told_nothing_more_and_its_links_are_dead(
    ana: Actor, mara: Actor, mention: Mention, clock: Clock
) -> None:
    def room(name: str) -> Any:
        with tenant(ana.agency_id):
            return add_channel(
                kind="mail",
                name=name,
                takes="all",
                email=f"{name}@x.example",
                room=True,
                by=ana,
                now=clock.now,
            )[0]

    gone, later = room("gone"), room("later")
    # Rung 1 tells rooms, even where nobody is on call.
    urgent(mention, ana, clock.now)
    climb(clock)
    with tenant(ana.agency_id):
        delete_channel(gone, by=ana, now=clock.now)
    found = links(ana, clock)
    assert [one for one in mail.outbox if one.to == ["gone@x.example"]] == []
    (sent,) = [one for one in mail.outbox if one.to == ["later@x.example"]]
    (link,) = [path for path in found if path in sent.body]
    assert Browser().get(link).status_code == 200
    with tenant(ana.agency_id):
        delete_channel(later, by=ana, now=clock.now)
    assert Browser().get(link).status_code == 404
    assert Browser().post(link, {"name": "Somebody"}).status_code == 404
    assert climb_of(mention).state == "waiting"


def storm(brand: Client, count: int, now: Any, *, first: int = 0) -> None:
    """So many urgent mentions at once."""
    with tenant(brand.agency_id):
        for number in range(first, first + count):
            make_mention(brand, now=now, text=f"Burst pipe number {number}!", author=f"Resident {number}")
        rows = list(Mention.objects.filter(client=brand, priority="normal"))
        Mention.objects.filter(pk__in=[row.pk for row in rows]).update(priority="urgent")
        for row in rows:
            row.priority = "urgent"
        escalate_urgent(rows, now=now)


def test_a_storm_comes_in_few_messages_and_none_of_it_is_left_out(
    ana: Actor, mara: Actor, ben: Actor, dora: Contact, brand: Client, clock: Clock
) -> None:
    on_duty(ana, None, ben, now=clock.now)
    with tenant(ana.agency_id):
        change_contact(dora, changes={"parts": ["alerts"]}, by=ana, now=clock.now)
        add_channel(
            kind="mail", name="Duty", takes="all", email="duty@x.example", room=True, by=ana, now=clock.now
        )
    storm(brand, SINGLE + 30, clock.now)
    climb(clock)
    with tenant(ana.agency_id):
        assert Notice.objects.filter(kind=CLIMB_TOLD, member_id=ben.id).count() == SINGLE
        assert EscalationLine.objects.filter(what="notify", member_id=ben.id).count() == SINGLE + 30
    climb(clock)
    clock.advance(seconds=61)
    send_due(ana, clock)
    for to in ("ben@northlight.example", "duty@x.example", "dora@brightwater.example"):
        bodies = [sent.body for sent in mail.outbox if sent.to == [to] and "on call" not in sent.subject]
        assert len(bodies) == SINGLE + 1, to
        assert "30 m" in bodies[-1], bodies[-1]
        assert "… and 10 more." in bodies[-1]
    # What comes next is gathered again.
    storm(brand, 3, clock.now, first=100)
    climb(clock)
    storm(brand, 2, clock.now, first=200)
    climb(clock)
    mail.outbox.clear()
    clock.advance(minutes=5)
    send_due(ana, clock)
    (last,) = [sent.body for sent in mail.outbox if sent.to == ["ben@northlight.example"]]
    assert "tells of 5 mentions together" in last
    assert "Burst pipe number 100!" in last
    assert "Burst pipe number 1!" not in last


def test_what_of_a_storm_was_taken_is_not_told_any_more(
    ana: Actor, mara: Actor, ben: Actor, brand: Client, clock: Clock
) -> None:
    on_duty(ana, None, ben, now=clock.now)
    storm(brand, SINGLE + 1, clock.now)
    climb(clock)
    with tenant(ana.agency_id):
        for mention in Mention.objects.all():
            claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
    mail.outbox.clear()
    clock.advance(minutes=2)
    send_due(ana, clock)
    assert [sent.subject for sent in mail.outbox if "on call" not in sent.subject] == []


def test_what_the_author_adds_to_an_urgent_mention_at_night_is_climbed_for(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    on_duty(ana, None, mara, now=clock.now)
    urgent(mention, ana, clock.now)
    with tenant(ana.agency_id):
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        dismiss_mention(mention.pk, reason="no_reply_needed", by=ben, seen=None, now=clock.now)
        transition(
            mention.pk,
            Move.REOPEN,
            by=system(ana.agency_id),
            seen=None,
            now=clock.advance(minutes=5),
            assignee_id=ben.id,
        )
    climb(clock)
    assert [(rung, who) for rung, _, who in told(mention)] == [(1, "Mara"), (1, "Ben")]

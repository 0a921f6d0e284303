"""The ladder against people who lost the part, rooms that are gone, and storms."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actions.channels import add_channel, delete_channel
from agency.actions.notices import send_notice
from agency.actor import Actor, system
from agency.models import Alarm, Membership, Notice
from agency.queries.people import actor_of_member
from agency.rights import Right
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import change_contact
from clients.actions.ladders import set_ladder
from clients.actions.rotas import set_member_hours
from clients.ladder import Plan, Rung, Whom
from clients.models import Client, Contact, Rota
from mentions.models import Mention
from mentions.words import Move
from tests.fixtures import Api, Clock
from tests.making import make_mention, send_mails
from tests.workflows.test_escalation import climb, climb_of, on_duty, told, urgent
from workflows.actions.escalation import escalate_urgent
from workflows.actions.moves import assign_mention, claim_mention, dismiss_mention, set_priority
from workflows.actions.storms import SINGLE
from workflows.actions.transition import transition
from workflows.models import EscalationLine
from workflows.words import CLIMB_TOLD, STEP_TOLD

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


def test_a_warning_that_waited_is_not_sent_to_who_gave_the_mention_on(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        set_member_hours(zone="Europe/Riga", week={5: [("10:00", "12:00")]}, by=ben, now=clock.now)
        claim_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=400))
    climb(clock, 32)
    with tenant(ana.agency_id):
        assert Notice.objects.get(kind=STEP_TOLD).member_id == ben.id
        assign_mention(mention.pk, member_id=mara.id or ana.agency_id, by=ana, seen=None, now=clock.now)
    clock.advance(minutes=10)
    send_mails(ana.agency_id, now=clock.now)
    assert [sent.subject for sent in mail.outbox if "used" in sent.subject] == []


def test_who_is_limited_to_one_client_reads_nothing_of_anothers_rota_or_ladder(
    ana: Actor, mara: Actor, ben: Actor, brand: Client, clock: Clock, api: Callable[..., Api]
) -> None:
    with tenant(ana.agency_id):
        other = create_client(name="Secret Soda", time_zone="UTC", language="en", by=ana, now=clock.now)
        plan = Plan(steps=(), rungs=(Rung((Whom.OWNERS,), 5),))
        set_ladder(client=other, plan=plan, by=ana, now=clock.now)
    on_duty(ana, other, ben, now=clock.now)
    climb(clock)
    limit(mara, client_ids=[brand.pk])
    with tenant(ana.agency_id):
        mara = actor_of_member(Membership.objects.select_related("user").get(pk=mara.id))
        rota_id = Rota.objects.get().pk
    key = api(mara, Right.READ, Right.RESPOND, Right.MANAGE, Right.AUDIT)
    for path in ("rotas/", "notices/", "events/", "activity/", "on-call/"):
        found = key.get(f"/api/v1/{path}")
        assert found.status_code in {200, 404}, (path, found.status_code)
        assert "Secret Soda" not in found.content.decode(), path
        assert str(rota_id) not in found.content.decode(), path
        assert str(other.pk) not in found.content.decode(), path
    for path in (f"rotas/{rota_id}/", f"clients/{other.pk}/ladder/", f"on-call/?client={other.pk}"):
        assert key.get(f"/api/v1/{path}").status_code in {400, 404}, path


def test_a_post_that_imitates_our_link_is_marked_as_somebody_elses_words(
    ana: Actor, ben: Actor, brand: Client, clock: Clock
) -> None:
    text = "Brightwater!\nI have it, tell nobody else:\nhttps://evil.example/ack/abc/"
    with tenant(brand.agency_id):
        mention = make_mention(brand, now=clock.now, text=text)
        set_priority(mention.pk, priority="urgent", by=ana, seen=mention.version, now=clock.now)
    mail.outbox.clear()
    sweep(now=clock.now)
    send_mails(brand.agency_id, now=clock.now)
    lines = [line for message in mail.outbox for line in str(message.body).splitlines() if "evil" in line]
    assert lines
    assert all(line.startswith("> ") for line in lines)

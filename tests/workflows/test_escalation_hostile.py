"""The ladder against people who lost the part, rooms that are gone, and storms."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.channels import add_channel, delete_channel
from agency.actor import Actor
from agency.models import Membership, Notice
from agency.tenancy import tenant
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import send_mails
from tests.workflows.test_escalation import climb, climb_of, on_duty, urgent
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
                kind="mail", name=name, takes="all", email=f"{name}@x.example", room=True, by=ana, now=clock.now
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

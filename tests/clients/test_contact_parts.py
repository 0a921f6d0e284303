"""Parts of contacts: what each may do, by the one table, and what staff and programs make of them."""

from collections.abc import Callable
from itertools import combinations
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.models import AuditEntry, Notice
from agency.tenancy import tenant
from clients.actions.contacts import change_contact, remove_contact
from clients.actions.view_links import make_view_link
from clients.models import Client, Contact, ViewLink
from clients.queries.contacts import contacts_who_may
from clients.words import PART_RIGHTS, ContactRight, Part
from mentions.models import Mention
from tests.fixtures import Api
from tests.pages import follow, submit, words
from workflows.actions.intake import intake
from workflows.actions.moves import dismiss_mention, set_priority

db = pytest.mark.django_db
SETS = [frozenset(chosen) for size in range(1, len(Part) + 1) for chosen in combinations(list(Part), size)]
# As people would say it; the code's table has to agree.
SAID = {
    (Part.APPROVER, ContactRight.DECIDE): True,
    (Part.APPROVER, ContactRight.SEE): False,
    (Part.APPROVER, ContactRight.ALERTED): False,
    (Part.VIEWER, ContactRight.DECIDE): False,
    (Part.VIEWER, ContactRight.SEE): True,
    (Part.VIEWER, ContactRight.ALERTED): False,
    (Part.ALERTS, ContactRight.DECIDE): False,
    (Part.ALERTS, ContactRight.SEE): False,
    (Part.ALERTS, ContactRight.ALERTED): True,
}


def parts_are(contact: Contact, ana: Actor, now: Any, *parts: str) -> None:
    with tenant(ana.agency_id):
        change_contact(contact, changes={"parts": list(parts)}, by=ana, now=now)


@pytest.mark.parametrize(("part", "right"), SAID)
def test_a_part_gives_exactly_its_rights(part: Part, right: ContactRight) -> None:
    assert (right in PART_RIGHTS[part]) is SAID[part, right]
    assert Contact(agency_id=uuid4(), parts=[part]).may(right) is SAID[part, right]


@pytest.mark.parametrize("parts", SETS, ids=lambda parts: "+".join(sorted(parts)))
def test_several_parts_give_the_rights_of_each_and_no_more(parts: frozenset[Part], clock: Any) -> None:
    contact = Contact(agency_id=uuid4(), parts=list(parts))
    for right in ContactRight:
        assert contact.may(right) is any(SAID[part, right] for part in parts)
    contact.left_at = clock.now
    assert not any(contact.may(right) for right in ContactRight)


@db
def test_a_list_of_who_may_agrees_with_each_contact(dora: Contact, ana: Actor, clock: Any) -> None:
    for parts in SETS:
        parts_are(dora, ana, clock.now, *parts)
        with tenant(ana.agency_id):
            for right in ContactRight:
                assert contacts_who_may(right).exists() is dora.may(right)


@db
@pytest.mark.parametrize("parts", [[], ["king"], ["viewer", "king"]])
def test_the_database_refuses_a_contact_without_a_part_or_with_an_unknown_one(
    dora: Contact, parts: list[str]
) -> None:
    with tenant(dora.agency_id), pytest.raises(IntegrityError, match="contact_has"), transaction.atomic():
        Contact.objects.filter(pk=dora.pk).update(parts=parts)


@db
def test_a_program_sets_parts_in_any_order_and_gets_them_in_ours(
    api: Callable[..., Api], mara: Actor, dora: Contact
) -> None:
    key, address = api(mara), f"/api/v1/contacts/{dora.pk}/"
    changed = key.patch(address, {"parts": ["alerts", "viewer", "alerts"]})
    assert changed.json()["parts"] == ["viewer", "alerts"]
    for wrong in ([], ["king"], "viewer", None):
        refused = key.patch(address, {"parts": wrong})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"].startswith("/parts")
    assert key.patch(address, {"part": "viewer"}).json()["errors"][0]["code"] == "unknown_field"
    assert key.get(address).json()["parts"] == ["viewer", "alerts"]


@db
def test_parts_are_ticked_on_the_form_and_shown_in_the_list(
    page: Callable[[Actor], Browser], mara: Actor, dora: Contact
) -> None:
    browser = page(mara)
    shown = browser.get(f"/contacts/{dora.pk}/")
    assert "Viewer: see what was said, answered and achieved" in words(shown)
    none = submit(browser, shown, button="Save", parts=[])
    assert (none.status_code, "Choose what they do." in words(none)) == (422, True)
    saved = follow(browser, submit(browser, shown, button="Save", parts=["viewer", "approver"]))
    assert "Approver Viewer" in words(saved)
    told = words(browser.get("/activity/"))
    assert "parts: approver → approver, viewer" in told


@db
def test_staff_send_a_viewer_a_link_and_it_is_in_the_mail_alone(
    page: Callable[[Actor], Browser], mara: Actor, ana: Actor, dora: Contact, clock: Any
) -> None:
    browser = page(mara)
    assert "Send a link" not in words(browser.get(f"/clients/{dora.client_id}/"))
    parts_are(dora, ana, clock.now, "viewer")
    said = follow(browser, submit(browser, browser.get(f"/clients/{dora.client_id}/"), button="Send a link"))
    assert "A link to the results is on its way to dora@brightwater.example." in words(said)
    with tenant(mara.agency_id):
        notice = Notice.objects.get(kind="contact.view_link")
        assert AuditEntry.objects.filter(action="contact.link_sent", subject_id=dora.pk).count() == 1
    send_notice(mara.agency_id, notice.pk, clock=lambda: clock.now)
    (sent,) = mail.outbox
    assert sent.to == ["dora@brightwater.example"]
    token = sent.body.partition("/see/")[2].partition("/")[0]
    assert Browser().get(f"/see/{token}/").status_code == 200
    link = ViewLink.objects.get()
    assert token not in str(vars(link))
    assert (link.expires_at - clock.now).days == 90


@db
def test_a_program_sends_a_link_to_viewers_only_and_needs_the_right(
    api: Callable[..., Api], mara: Actor, ben: Actor, cleo: Actor, ana: Actor, dora: Contact, clock: Any
) -> None:
    address = f"/api/v1/contacts/{dora.pk}/link/"
    refused = api(mara).post(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_viewer")
    parts_are(dora, ana, clock.now, "approver", "viewer")
    assert api(ben).post(address).status_code == 403
    assert api(cleo).post(address).status_code == 404
    assert api(mara).post(address).status_code == 202
    with tenant(ana.agency_id):
        assert Notice.objects.filter(kind="contact.view_link").count() == 1


@db
def test_a_link_that_waits_to_be_mailed_is_not_made_for_who_sees_no_longer(
    api: Callable[..., Api], mara: Actor, ana: Actor, dora: Contact, clock: Any
) -> None:
    parts_are(dora, ana, clock.now, "viewer")
    api(mara).post(f"/api/v1/contacts/{dora.pk}/link/")
    parts_are(dora, ana, clock.now, "approver")
    with tenant(ana.agency_id):
        notice = Notice.objects.get(kind="contact.view_link")
    send_notice(ana.agency_id, notice.pk, clock=lambda: clock.now)
    assert mail.outbox == []
    assert not ViewLink.objects.exists()


@db
def test_losing_the_part_the_address_or_the_place_revokes_links_for_good(
    ana: Actor, dora: Contact, clock: Any
) -> None:
    def link() -> str:
        with tenant(ana.agency_id):
            return make_view_link(dora, now=clock.now).removeprefix("http://127.0.0.1:8000")

    def dead(address: str) -> bool:
        return Browser().get(address).status_code == 404

    parts_are(dora, ana, clock.now, "viewer", "approver")
    kept = link()
    parts_are(dora, ana, clock.now, "viewer")
    assert not dead(kept)
    parts_are(dora, ana, clock.now, "alerts")
    parts_are(dora, ana, clock.now, "viewer")
    assert dead(kept)  # the part came back, the link didn't
    moved = link()
    with tenant(ana.agency_id):
        change_contact(dora, changes={"email": "d@brightwater.example"}, by=ana, now=clock.now)
    assert dead(moved)
    left = link()
    with tenant(ana.agency_id):
        remove_contact(dora, by=ana, now=clock.now)
    assert dead(left)


# Urgent mentions ------------------------------------------------------------------------------------------


@pytest.fixture
def otto(brand: Client, dora: Contact, ana: Actor, clock: Any) -> Contact:
    """Has the part of alerts, as Dora hasn't."""
    with tenant(ana.agency_id):
        contact = Contact(
            client=brand, name="Otto", email="otto@b.example", parts=["alerts"], created_at=clock.now
        )
        contact.save(force_insert=True)
    return contact


def becomes(mention: Mention, priority: str, by: Actor, now: Any) -> None:
    with tenant(by.agency_id):
        set_priority(mention.pk, priority=priority, by=by, seen=None, now=now)


def told(agency_id: Any, now: Any) -> list[str]:
    """Send what waits; to whom urgent mentions were mailed so far."""
    with tenant(agency_id):
        waiting = list(Notice.objects.filter(kind="mention.urgent", state="queued"))
    for notice in waiting:
        send_notice(agency_id, notice.pk, clock=lambda: now)
    return [address for sent in mail.outbox for address in sent.to]


@db
def test_who_has_alerts_is_mailed_once_when_a_mention_becomes_urgent(
    otto: Contact, mention: Mention, ben: Actor, clock: Any
) -> None:
    becomes(mention, "high", ben, clock.now)
    assert told(ben.agency_id, clock.now) == []
    becomes(mention, "urgent", ben, clock.now)
    assert told(ben.agency_id, clock.now) == ["otto@b.example"]
    (sent,) = mail.outbox
    for said in (mention.post.text, mention.post.url, "Pauls Zariņš", "Brightwater"):
        assert said in sent.body
    assert "/mentions/" not in sent.body
    assert "Ben" not in sent.body
    becomes(mention, "low", ben, clock.now)
    becomes(mention, "urgent", ben, clock.now)
    assert told(ben.agency_id, clock.now) == ["otto@b.example"]


@db
def test_a_mention_that_was_urgent_by_mistake_alarms_nobody_until_it_is(
    otto: Contact, mention: Mention, ben: Actor, clock: Any
) -> None:
    becomes(mention, "urgent", ben, clock.now)
    becomes(mention, "normal", ben, clock.now)
    assert told(ben.agency_id, clock.now) == []
    becomes(mention, "urgent", ben, clock.now)
    assert told(ben.agency_id, clock.now) == ["otto@b.example"]


@db
@pytest.mark.parametrize("how", ["dismissed", "left", "part taken"])
def test_an_alert_that_lost_its_reason_is_not_sent(
    otto: Contact, mention: Mention, ana: Actor, clock: Any, how: str
) -> None:
    becomes(mention, "urgent", ana, clock.now)
    with tenant(ana.agency_id):
        if how == "dismissed":
            dismiss_mention(mention.pk, reason="spam", by=ana, seen=None, now=clock.now)
        elif how == "left":
            remove_contact(otto, by=ana, now=clock.now)
        else:
            change_contact(otto, changes={"parts": ["viewer"]}, by=ana, now=clock.now)
    assert told(ana.agency_id, clock.now) == []


@db
def test_a_mention_that_comes_in_urgent_is_told_and_other_clients_hear_nothing(
    otto: Contact, mention: Mention, ana: Actor, clock: Any
) -> None:
    with tenant(ana.agency_id):
        other = Client.objects.create(name="Zest", created_at=clock.now)
        Contact.objects.create(
            client=other, name="Zoe", email="zoe@zest.example", parts=["alerts"], created_at=clock.now
        )
        mention.priority = "urgent"
        Mention.objects.filter(pk=mention.pk).update(priority="urgent")
        mention.clocks.all().delete()
        intake([mention], now=clock.now)
    assert told(ana.agency_id, clock.now) == ["otto@b.example"]

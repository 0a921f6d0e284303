"""Promises kept, with and without those that were excused; and what was found too late."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.tenancy import tenant
from clients.actions.contacts import add_contact
from clients.actions.view_links import make_view_link
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Clock
from tests.making import make_mention
from tests.pages import words
from workflows.actions.excuses import ask_excuse, grant_excuse
from workflows.actions.firing import fire_clocks
from workflows.actions.moves import claim_mention
from workflows.actions.promise_tallies import tally_promises
from workflows.models import Clock as SlaClock
from workflows.models import PromiseTally


@pytest.fixture
def phone() -> Browser:
    return Browser()


@pytest.fixture
def link(brand: Client, ana: Actor, clock: Clock) -> str:
    with tenant(brand.agency_id):
        vera = add_contact(
            client=brand,
            name="Vera",
            email="vera@brightwater.example",
            parts=["viewer"],
            by=ana,
            now=clock.now,
        )
        return "/see/" + make_view_link(vera, now=clock.now).partition("/see/")[2]


@pytest.fixture
def claims(brand: Client, ben: Actor, mara: Actor, clock: Clock) -> list[Mention]:
    """Four: one claimed in time, three late, one of which is excused."""
    with tenant(brand.agency_id):
        found = [make_mention(brand, now=clock.now, text=f"Brightwater {n}") for n in range(4)]
        claim_mention(found[0].pk, by=ben, seen=None, now=clock.advance(minutes=5))
        late = clock.advance(hours=3)
        fire_clocks(list(SlaClock.objects.filter(kind="claim").values_list("pk", flat=True)), late)
        for mention in found[1:]:
            claim_mention(mention.pk, by=ben, seen=None, now=late)
        broken = SlaClock.objects.get(mention=found[1], kind="claim")
        excuse = ask_excuse(broken.pk, reason="outage", text="It was down.", by=ben, now=late)
        grant_excuse(excuse.pk, by=mara, now=late)
        waiting = SlaClock.objects.get(mention=found[2], kind="claim")
        ask_excuse(waiting.pk, reason="other", text="Nobody decided yet.", by=ben, now=late)
    return found


def test_promises_are_told_with_and_without_what_was_excused(
    phone: Browser, link: str, claims: list[Mention]
) -> None:
    told = words(phone.get(link), ".promises")
    assert "Somebody took it on in time 25 % (50 % with 1 excused) 1 of 4" in told


def test_the_tally_of_deleted_mentions_keeps_what_was_excused(
    phone: Browser, link: str, claims: list[Mention]
) -> None:
    with tenant(claims[0].agency_id):
        ids = [mention.pk for mention in claims]
        tally_promises(ids[:2])
        tally_promises(ids[2:])
        kept = PromiseTally.objects.get(kind="claim")
        assert (kept.kept, kept.broken, kept.excused) == (1, 3, 1)
        PromiseTally.objects.update(day=claims[0].recorded_at.date())
        SlaClock.objects.filter(mention_id__in=ids).delete()
    assert "25 % (50 % with 1 excused) 1 of 4" in words(phone.get(link), ".promises")


def test_a_late_find_counts_in_detection_and_breaks_no_promise_of_an_answer(
    phone: Browser, link: str, brand: Client, ben: Actor, clock: Clock
) -> None:
    with tenant(brand.agency_id):
        for posted in (timedelta(minutes=10), timedelta(minutes=30), timedelta(days=3)):
            make_mention(brand, now=clock.now, posted=posted, text=f"Brightwater, {posted}")
        clocks = list(SlaClock.objects.values_list("pk", flat=True))
        fire_clocks(clocks, clock.advance(days=2))
        broken = SlaClock.objects.filter(kind="respond", breached_at__isnull=False)
        assert broken.count() == 2
    shown = words(phone.get(link))
    assert "Half of the posts were found within 30 min. 1 was found too late to be answered in time" in shown
    assert "Answered in time 0 % 0 of 2" in words(phone.get(link), ".promises")


def test_an_annulled_clock_counts_for_nothing(phone: Browser, link: str, claims: list[Mention]) -> None:
    with tenant(claims[0].agency_id):
        SlaClock.objects.filter(mention=claims[3], kind="claim").update(annulled=True)
    told: Any = words(phone.get(link), ".promises")
    assert "33 % (66 % with 1 excused) 1 of 3" in told


def test_nothing_excused_is_not_mentioned(
    phone: Browser, link: str, mention: Mention, ben: Actor, clock: Clock
) -> None:
    with tenant(mention.agency_id):
        claim_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=5))
    assert words(phone.get(link), ".promises") == "Somebody took it on in time 100 % 1 of 1"

"""Retention: closed mentions go when their time is over, open ones never, counts stay, and nothing comes back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.models import Agency, Alarm, AuditEntry, Event, Notice
from agency.tenancy import tenant
from clients.actions.policies import set_approval_policy
from clients.models import Client, Contact
from mentions.actions.sources import add_source
from mentions.models import Author, Mention, PastMention, Post, Source, SourceRead, Tally
from mentions.queries.tallies import past_of_clients
from tests.fixtures import Api, Clock
from tests.making import make_mention
from tests.pages import find_form, follow, submit, words
from tests.web_server import Answer, WebServer
from workflows.actions.collect import collect
from workflows.actions.housekeeping import clear_traces
from workflows.actions.moves import claim_mention, dismiss_mention
from workflows.actions.publications import attest_reply
from workflows.actions.requests import approve_without_client
from workflows.actions.responses import draft_reply
from workflows.actions.retention import delete_due, due_mentions
from workflows.models import Transition, Version
from workflows.queries.results import Viewed, results_of


@pytest.fixture
def closed(brand: Client, ben: Actor, clock: Clock) -> Mention:
    """Dismissed a moment after it was found, with a reply that nobody sent."""
    with tenant(brand.agency_id):
        mention = make_mention(brand, now=clock.now, text="Brightwater, hm, kumquat.", author="Kumquat")
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text="Dear Kumquat", by=ben, seen=None, now=clock.now)
        dismiss_mention(mention.pk, reason="spam", by=ben, seen=None, now=clock.now)
    return mention


def _rows(model: Any, agency_id: Any) -> int:
    with tenant(agency_id):
        return int(model.objects.count())


def test_the_page_shows_what_it_would_delete_and_deletes_only_when_told_to(
    page: Callable[..., Any], ana: Actor, brand: Client, closed: Mention, mention: Mention, clock: Clock
) -> None:
    clock.advance(days=40)
    browser = page(ana)
    address = f"/clients/{brand.pk}/data/"
    asked = submit(browser, browser.get(address), action="", button="Save", keep="30")
    assert "This deletes 1 closed mention now (0 answered, 1 dismissed), with 1 versions" in words(asked)
    assert _rows(Mention, brand.agency_id) == 2
    said = follow(browser, submit(browser, asked, button="Delete 1 mention"))
    assert "Closed mentions of Brightwater are kept for 30 days." in words(said)
    sweep(now=clock.now)
    with tenant(brand.agency_id):
        assert list(Mention.objects.values_list("pk", flat=True)) == [mention.pk]  # open, however old
        assert (Version.objects.count(), Post.objects.count(), Author.objects.count()) == (0, 1, 1)
        assert not Transition.objects.exists()
        tally = Tally.objects.get()
        assert (tally.client_id, tally.state, tally.mentions, tally.in_time) == (brand.pk, "dismissed", 1, 0)
        assert not Event.objects.filter(subject_id=closed.pk).exists()
        told = AuditEntry.objects.filter(subject_id=closed.pk)
        assert {str(entry.details) for entry in told} == {"{}"}
        assert past_of_clients([brand.pk], by=ana)[brand.pk].mentions == 1
        assert Alarm.objects.get(kind="client.retention").due_at == clock.now + timedelta(days=1)
    assert "Deleted so far: 1 mention; answered: 0" in words(browser.get(address))


def test_for_ever_asks_nothing_and_ends_the_alarm(
    page: Callable[..., Any], ana: Actor, brand: Client, clock: Clock
) -> None:
    browser = page(ana)
    address = f"/clients/{brand.pk}/data/"
    follow(browser, submit(browser, browser.get(address), button="Save", other="45"))
    assert Alarm.objects.filter(kind="client.retention").exists()
    assert (
        find_form(browser.get(address), button="Save").css_first("[name=other]").attributes["value"] == "45"
    )
    follow(browser, submit(browser, browser.get(address), button="Save", keep="", other=""))
    assert not Alarm.objects.filter(kind="client.retention").exists()
    refused = submit(browser, browser.get(address), button="Save", other="3")
    assert (refused.status_code, "At least 7 days." in words(refused)) == (422, True)


def test_the_api_previews_and_refuses_without_a_yes(
    api: Callable[..., Api], ana: Actor, brand: Client, closed: Mention, clock: Clock
) -> None:
    clock.advance(days=40)
    caller, address = api(ana), f"/api/v1/clients/{brand.pk}/retention/"
    seen = caller.get(f"{address}?keep_days=30").json()
    assert (seen["keep_days"], seen["asked_days"], seen["would_delete"]["mentions"]) == (None, 30, 1)
    refused = caller.put(address, {"keep_days": 30})
    assert (refused.status_code, refused.json()["code"]) == (409, "confirm_deletion")
    done = caller.put(address, {"keep_days": 30, "confirm": True})
    assert (done.status_code, done.json()["keep_days"]) == (200, 30)
    assert caller.put(address, {"keep_days": 3}).status_code == 400


def test_only_owners_change_how_long_data_is_kept(
    page: Callable[..., Any], mara: Actor, brand: Client
) -> None:
    assert page(mara).get(f"/clients/{brand.pk}/data/").status_code == 403


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(closed_ago=st.integers(0, 60), found_ago=st.integers(0, 60), keep=st.integers(7, 50))
def test_what_is_due_is_closed_and_untouched_for_longer_than_it_is_kept(
    brand: Client, closed: Mention, clock: Clock, closed_ago: int, found_ago: int, keep: int
) -> None:
    found_ago = max(found_ago, closed_ago)
    with tenant(brand.agency_id):
        Mention.objects.filter(pk=closed.pk).update(
            recorded_at=clock.now - timedelta(days=found_ago, minutes=1)
        )
        # Seen from later, so that the history, which can't be changed, is as old as it should be.
        now = clock.now + timedelta(days=closed_ago, minutes=1)
        due = due_mentions(brand.pk, keep_days=keep, now=now).exists()
    assert due == (closed_ago >= keep)


RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>F</title><item><guid>https://f.example/1</guid>'
    "<link>https://f.example/1</link><title>T</title><description>Brightwater!</description></item></channel></rss>"
)


def test_what_was_deleted_does_not_come_back_although_its_source_lists_it_still(
    brand: Client, ana: Actor, ben: Actor, clock: Clock, web_server: WebServer
) -> None:
    web_server.answers["/f.xml"] = Answer(RSS.encode(), headers={"Content-Type": "application/rss+xml"})
    with tenant(ana.agency_id):
        source = add_source(
            kind="feed",
            name="F",
            settings={"url": web_server.url_of("/f.xml")},
            every=timedelta(minutes=5),
            client=None,
            by=ana,
            now=clock.now,
        )
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 1
    with tenant(ana.agency_id):
        dismiss_mention(Mention.objects.get().pk, reason="spam", by=ben, seen=None, now=clock.now)
        Client.objects.filter(pk=brand.pk).update(keep_days=7)
    clock.advance(days=8)
    with tenant(ana.agency_id):
        assert delete_due(Client.objects.get(pk=brand.pk), now=clock.now)["mentions"] == 1
        assert PastMention.objects.count() == 1
        Source.objects.update(cursor={})  # it no longer knows what it has seen
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 0
    with tenant(ana.agency_id):
        assert (Post.objects.count(), Mention.objects.count()) == (0, 0)


def test_an_answer_in_time_is_counted_as_such(brand: Client, ana: Actor, ben: Actor, clock: Clock) -> None:
    with tenant(brand.agency_id):
        set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
        mention = make_mention(brand, now=clock.now)
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text="Hi", by=ben, seen=None, now=clock.now)
        approve_without_client(mention.pk, by=ben, seen=None, now=clock.now)
        attest_reply(mention.pk, url="https://f.example/2", by=ben, seen=None, now=clock.advance(minutes=2))
        Client.objects.filter(pk=brand.pk).update(keep_days=30)
        clock.advance(days=31)
        delete_due(Client.objects.get(pk=brand.pk), now=clock.now)
        tally = Tally.objects.get()
        assert (tally.state, tally.mentions, tally.in_time, tally.answer_seconds) == ("responded", 1, 1, 120)


def test_old_traces_go_and_young_ones_stay(brand: Client, ana: Actor, mention: Mention, clock: Clock) -> None:
    with tenant(ana.agency_id):
        source = add_source(
            kind="feed", name="F", settings={"url": "https://f.example/f.xml"}, every=timedelta(minutes=5),
            client=None, by=ana, now=clock.now,
        )  # fmt: skip
        for age in (1, 91):
            at = clock.now - timedelta(days=age)
            SourceRead(source=source, started_at=at, finished_at=at, outcome="read").save()
            Notice(
                kind="x", to="a@b.example", subject_id=mention.pk, state="sent", sent_at=at, created_at=at
            ).save()
            Notice(kind="x", to="a@b.example", subject_id=mention.pk, created_at=at).save()  # not sent yet
        assert not clear_traces(now=clock.now)
        assert (SourceRead.objects.count(), Notice.objects.count()) == (1, 3)
        assert Event.objects.filter(subject_id=mention.pk).exists()
        assert not clear_traces(now=clock.now + timedelta(days=91))
        assert not Event.objects.exists()


def test_a_viewers_results_stay_the_same_when_what_they_count_is_deleted(
    brand: Client, dora: Contact, ana: Actor, ben: Actor, clock: Clock
) -> None:
    with tenant(brand.agency_id):
        set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
        clock.advance(hours=1)
        mention = make_mention(brand, now=clock.now)
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text="Hi", by=ben, seen=None, now=clock.now)
        approve_without_client(mention.pk, by=ben, seen=None, now=clock.now)
        attest_reply(mention.pk, url="https://f.example/2", by=ben, seen=None, now=clock.advance(minutes=2))
        viewed = Viewed(Agency.objects.get(pk=brand.agency_id), dora, "UTC")
        since = clock.now - timedelta(days=5)
        before = results_of(viewed, since=since, now=clock.now)
        Client.objects.filter(pk=brand.pk).update(keep_days=7)
        clock.advance(days=8)
        assert delete_due(Client.objects.get(pk=brand.pk), now=clock.now)["mentions"] == 1
        after = results_of(viewed, since=since, now=clock.now)
    assert (before.found, before.answered, before.promises) == (1, 1, after.promises)
    assert (after.found, after.answered, after.open, after.dismissed) == (1, 1, 0, 0)

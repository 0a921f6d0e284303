"""A breach stays a breach; an excuse needs a reason and a second person, and stands beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import AuditEntry, Event, Membership
from agency.tenancy import tenant
from clients.actions.clients import create_client
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import make_mention, send_mails
from tests.pages import follow, submit, words
from workflows.actions.excuses import ask_excuse, grant_excuse
from workflows.actions.firing import fire_clocks
from workflows.actions.moves import claim_mention
from workflows.inventory import INVENTORY, columns
from workflows.models import Clock as SlaClock
from workflows.models import ClockEvent, Excuse
from workflows.packing import pack
from workflows.queries.evidence import get_evidence

Page = Callable[[Actor], Browser]
WHY = "The forum let nobody in until noon."


@pytest.fixture
def broken(mention: Mention, clock: Clock) -> SlaClock:
    """The claim's promise, broken two hours after the mention was found; a day later."""
    clock.advance(days=1)
    with tenant(mention.agency_id):
        fire_clocks(list(SlaClock.objects.filter(mention=mention).values_list("pk", flat=True)), clock.now)
        return SlaClock.objects.get(mention=mention, kind="claim")


def ask(browser: Browser, clock: SlaClock, **typed: Any) -> Any:
    form = browser.get(f"/clocks/{clock.pk}/excuse/")
    assert form.status_code == 200, form.status_code
    return submit(browser, form, button="Ask", **{"reason": "outage", "text": WHY, **typed})


def the(clock: SlaClock) -> Excuse:
    with tenant(clock.agency_id):
        found: Excuse = Excuse.objects.filter(clock=clock).order_by("-asked_at", "-id")[0]
        return found


def test_ben_asks_mara_excuses_and_both_stand_beside_the_breach(
    broken: SlaClock, ben: Actor, mara: Actor, ivo: Actor, page: Page, clock: Clock
) -> None:
    where = f"/mentions/{broken.mention_id}/"
    works, manages = page(ben), page(mara)
    assert "Ask to excuse" in words(works.get(where), ".clocks")
    assert "Ask to excuse" not in words(page(ivo).get(where), ".clocks")
    assert "Somebody else who manages decides" in words(follow(works, ask(works, broken)))

    assert "1 broken promise waits for you" in words(manages.get("/"))
    assert "waits for you" not in words(works.get("/"))
    waiting = manages.get("/excuses/")
    assert all(said in words(waiting) for said in (WHY, "Ben asked", "Decide", "Claim"))
    decide = manages.get(f"/excuses/{the(broken).pk}/")
    clock.advance(minutes=7)
    done = submit(manages, decide, button="Excuse it", verdict="grant", note="We saw the outage too.")
    assert "Excused. The breach is still told" in words(follow(manages, done))

    shown = words(works.get(where), ".clocks")
    assert all(
        said in shown for said in ("Excused", "broken", "late by", "Mara excused it", "We saw the outage")
    )
    with tenant(broken.agency_id):
        assert SlaClock.objects.get(pk=broken.pk).breached_at == broken.breached_at
        assert ClockEvent.objects.filter(clock=broken, step="breach").count() == 1
        told = AuditEntry.objects.filter(action__startswith="excuse.").order_by("at")
        assert [(entry.action, entry.actor_name) for entry in told] == [
            ("excuse.asked", "Ben"),
            ("excuse.granted", "Mara"),
        ]
        assert [str(entry.subject_id) for entry in told] == [str(broken.mention_id)] * 2
        assert Event.objects.filter(type="excuse.granted").count() == 1
    assert "excused a broken promise" in words(manages.get("/activity/"))
    assert WHY in words(page(ivo).get("/excuses/?show=decided"))


def test_nobody_excuses_what_they_asked_for(broken: SlaClock, mara: Actor, ana: Actor, page: Page) -> None:
    manages = page(mara)
    ask(manages, broken)
    own = manages.get(f"/excuses/{the(broken).pk}/")
    assert "somebody else decides about it" in words(own)
    assert "Excuse it" not in words(own)
    refused = manages.post(f"/excuses/{the(broken).pk}/", {"verdict": "grant", "note": ""})
    assert refused.status_code == 403
    assert the(broken).state == "asked"
    assert page(ana).post(f"/excuses/{the(broken).pk}/", {"verdict": "grant"}).status_code == 303
    assert the(broken).decided_by_name == "Ana"


def test_the_database_too_wants_a_second_person_and_keeps_what_was_said(
    broken: SlaClock, ben: Actor, mara: Actor, clock: Clock
) -> None:
    with tenant(broken.agency_id):
        excuse = ask_excuse(broken.pk, reason="outage", text=WHY, by=ben, now=clock.now)
        row = Excuse.objects.filter(pk=excuse.pk)
        own = {"state": "granted", "decided_by": ben.member_id, "decided_at": clock.now}
        changes: list[tuple[dict[str, Any], str]] = [
            (own, "second_person"),
            ({"state": "granted"}, "second_person"),
            ({"text": "Another story."}, "stays as it was"),
            ({"asked_by": mara.member_id}, "stays as it was"),
        ]
        for change, why in changes:
            with pytest.raises(IntegrityError, match=why), transaction.atomic():
                row.update(**change)
        grant_excuse(excuse.pk, by=mara, now=clock.now)
        with pytest.raises(IntegrityError, match="is decided"), transaction.atomic():
            row.update(state="refused")
        granted = {**own, "clock": broken, "reason": "outage", "text": WHY, "decided_by": mara.member_id}
        asked = {"asked_by": ben.member_id, "asked_by_name": "Ben", "asked_at": clock.now}
        with pytest.raises(IntegrityError, match="asked for first"), transaction.atomic():
            Excuse(**granted, **asked).save(force_insert=True)


def test_a_refusal_says_why_and_another_excuse_may_follow(
    broken: SlaClock, ben: Actor, mara: Actor, page: Page
) -> None:
    works, manages = page(ben), page(mara)
    ask(works, broken)
    decide = manages.get(f"/excuses/{the(broken).pk}/")
    silent = submit(manages, decide, button="Let the breach stand", verdict="refuse", note="")
    assert silent.status_code == 422
    assert "Say why not, so that who asked knows." in words(silent)
    neither = submit(manages, decide, button="Let the breach stand", note="Hm.")
    assert "Press one of the two buttons" in words(neither)
    refused = submit(
        manages, decide, button="Let the breach stand", verdict="refuse", note="It was up by ten."
    )
    assert "Refused. The breach stands." in words(follow(manages, refused))
    shown = words(works.get(f"/mentions/{broken.mention_id}/"), ".clocks")
    assert all(
        said in shown for said in ("Not excused", "Mara refused", "It was up by ten.", "Ask to excuse")
    )
    again = manages.post(f"/excuses/{the(broken).pk}/", {"verdict": "grant", "note": ""})
    assert again.status_code == 409
    assert ask(works, broken).status_code == 303


@pytest.mark.parametrize(("verdict", "said"), [("grant", "excused it"), ("refuse", "let the breach stand")])
def test_who_asked_is_mailed_what_was_decided(
    broken: SlaClock, ben: Actor, mara: Actor, api: Callable[..., Api], clock: Clock, verdict: str, said: str
) -> None:
    with tenant(broken.agency_id):
        asked = ask_excuse(broken.pk, reason="outage", text=WHY, by=ben, now=clock.now)
    assert api(mara).post(f"/api/v1/excuses/{asked.pk}/{verdict}/", {"note": "As we saw."}).status_code == 200
    mail.outbox.clear()
    send_mails(broken.agency_id, now=clock.now)
    (message,) = [one for one in mail.outbox if one.to == ["ben@northlight.example"]]
    assert message.subject.startswith("Brightwater: a broken promise was")
    for part in (f"Mara {said}", "“As we saw.”", f"/excuses/{asked.pk}/"):
        assert part in message.body


def test_who_asked_takes_it_back_before_it_is_decided(
    broken: SlaClock, ben: Actor, mara: Actor, ana: Actor, page: Page
) -> None:
    works = page(ben)
    ask(works, broken)
    where = f"/excuses/{the(broken).pk}/withdraw/"
    assert page(mara).post(where).status_code == 404
    assert "Taken back." in words(follow(works, submit(works, works.get(where), button="Take it back")))
    assert the(broken).state == "withdrawn"
    assert page(ana).post(f"/excuses/{the(broken).pk}/", {"verdict": "grant"}).status_code == 409
    assert "Taken back" in words(page(ana).get("/excuses/?show=decided"))


def test_only_a_broken_promise_is_excused_once_and_for_a_reason(
    broken: SlaClock, ben: Actor, mara: Actor, page: Page
) -> None:
    works = page(ben)
    with tenant(broken.agency_id):
        kept = make_mention(broken.mention.client, now=broken.breached_at, text="Brightwater is fine")
        running = SlaClock.objects.filter(mention=kept).first()
    assert works.get(f"/clocks/{running.pk}/excuse/").status_code == 404
    vague = ask(works, broken, reason="", text=" ")
    assert vague.status_code == 422
    assert "Choose the reason that fits best." in words(vague)
    assert "somebody else has to understand it" in words(vague)
    ask(works, broken)
    twice = ask(page(mara), broken)
    assert twice.status_code == 409
    assert "waiting for a decision already: Ben asked for it" in words(twice)


def test_programs_ask_list_grant_and_refuse(
    broken: SlaClock, ben: Actor, mara: Actor, ivo: Actor, api: Callable[..., Api], cleo: Actor
) -> None:
    works, manages, reads = api(ben), api(mara), api(ivo)
    body = {"clock": str(broken.pk), "reason": "outage", "text": WHY}
    assert reads.post("/api/v1/excuses/", body).status_code == 403
    made = works.post("/api/v1/excuses/", body)
    assert (made.status_code, made.json()["state"], made.json()["asked_by"]["name"]) == (201, "asked", "Ben")
    assert works.post("/api/v1/excuses/", body).status_code == 409
    one = f"/api/v1/excuses/{made.json()['id']}/"
    assert works.post(f"{one}grant/").status_code == 403
    assert manages.post(f"{one}refuse/").status_code == 400
    assert api(cleo).get(one).status_code == 404
    assert [row["id"] for row in reads.get("/api/v1/excuses/?state=asked").json()["results"]] == [
        made.json()["id"]
    ]
    granted = manages.post(f"{one}grant/", {"note": "Agreed."}).json()
    assert (granted["state"], granted["decided_by"]["name"], granted["note"]) == (
        "granted",
        "Mara",
        "Agreed.",
    )
    assert granted["clock"]["breached_at"]
    assert works.post(f"{one}withdraw/").status_code == 409
    clocks = reads.get(f"/api/v1/mentions/{broken.mention_id}/").json()["clocks"]
    assert {row["kind"]: row["excused"] for row in clocks}["claim"] is True


def test_a_key_is_the_person_who_made_it(
    broken: SlaClock, mara: Actor, page: Page, api: Callable[..., Api]
) -> None:
    ask(page(mara), broken)
    answer = api(mara).post(f"/api/v1/excuses/{the(broken).pk}/grant/")
    assert (answer.status_code, the(broken).state) == (403, "asked")


def test_a_limited_member_sees_only_the_excuses_of_their_clients(
    broken: SlaClock, ana: Actor, ben: Actor, mara: Actor, page: Page, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        other = create_client(name="Harbour Books", time_zone="UTC", language="en", by=ana, now=clock.now)
        ask_excuse(broken.pk, reason="other", text=WHY, by=ben, now=clock.now)
        Membership.objects.filter(pk=mara.id).update(client_ids=[other.pk])
    manages = page(mara)
    assert WHY not in words(manages.get("/excuses/"))
    assert "waits for you" not in words(manages.get("/"))
    assert manages.get(f"/excuses/{the(broken).pk}/").status_code == 404
    assert manages.post(f"/excuses/{the(broken).pk}/", {"verdict": "grant"}).status_code == 404


def test_an_excuse_is_in_the_evidence_and_the_export(
    broken: SlaClock, ben: Actor, mara: Actor, ana: Actor, clock: Clock
) -> None:
    with tenant(broken.agency_id):
        excuse = ask_excuse(broken.pk, reason="outage", text=WHY, by=ben, now=clock.now)
        grant_excuse(excuse.pk, note="Yes.", by=mara, now=clock.advance(minutes=1))
        found = get_evidence(broken.mention_id, by=ana, now=clock.now)
        file, _ = pack(found, [])
        file.close()
    assert [(row["state"], row["text"], row["clock_kind"]) for row in found.history["excuses"]] == [
        ("granted", WHY, "claim")
    ]
    assert {"text", "asked_by_name", "decided_by_name", "note"} <= set(
        columns(Excuse, INVENTORY["workflows.Excuse"])
    )


def test_late_by_is_told_once_the_promise_was_kept_after_all(
    broken: SlaClock, ben: Actor, page: Page, clock: Clock
) -> None:
    with tenant(broken.agency_id):
        assert broken.breached_at is not None
        claim_mention(broken.mention_id, by=ben, seen=None, now=broken.breached_at + timedelta(hours=1))
    assert "late by 1 h" in words(page(ben).get(f"/clocks/{broken.pk}/excuse/"), ".breach")

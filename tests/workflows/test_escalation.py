"""The ladder: who is told of something urgent, rung by rung, and what follows a clock's step."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actions.members import remove_member
from agency.actor import Actor
from agency.models import AuditEntry, Event, Membership, Notice
from agency.tenancy import tenant
from clients.actions.contacts import change_contact
from clients.actions.ladders import set_ladder
from clients.actions.rotas import NewLayer, add_rota, set_member_hours
from clients.ladder import Do, Plan, Rung, Step, Whom
from clients.models import Calendar, CalendarVersion, Client, Contact
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import send_mails
from tests.pages import follow, submit, words
from workflows.actions.moves import claim_mention, dismiss_mention, release_mention, set_priority
from workflows.models import Escalation, EscalationLine
from workflows.words import CLIMB_TOLD, STEP_TOLD

pytestmark = pytest.mark.django_db


def urgent(mention: Mention, by: Actor, now: datetime) -> None:
    with tenant(by.agency_id):
        set_priority(mention.pk, priority="urgent", by=by, seen=None, now=now)


def told(mention: Mention) -> list[tuple[int, str, str]]:
    """(rung, as whom, who) of everybody who was told, in order."""
    with tenant(mention.agency_id):
        rows = EscalationLine.objects.filter(escalation__mention=mention, escalation__step="", what="notify")
        rows = rows.select_related("member__user").order_by("at", "rung", "id")
        return [(row.rung, row.whom, row.member.name) for row in rows]


def climb_of(mention: Mention) -> Escalation:
    with tenant(mention.agency_id):
        return Escalation.objects.filter(mention=mention, step="").order_by("-at", "-id")[0]


def on_duty(ana: Actor, brand: Client | None, *members: Actor, now: datetime) -> None:
    with tenant(ana.agency_id):
        layer = NewLayer(members=[m.id for m in members if m.id], since=now.date(), every=7)
        add_rota(client=brand, name="Evenings", zone="Europe/Riga", layers=[layer], by=ana, now=now)


def climb(clock: Clock, minutes: float = 0) -> None:
    clock.advance(minutes=minutes)
    sweep(now=clock.now)


def test_an_urgent_mention_climbs_from_who_is_on_call_to_the_managers_and_the_owners(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    on_duty(ana, None, ben, now=clock.now)
    urgent(mention, ana, clock.now)
    climb(clock)
    assert told(mention) == [(1, "on_call", "Ben")]
    climb(clock, 9)
    assert len(told(mention)) == 1
    climb(clock, 1)
    assert told(mention)[1:] == [(2, "managers", "Mara")]
    climb(clock, 10)
    assert told(mention)[2:] == [(3, "owners", "Ana")]
    climb(clock, 60)
    assert len(told(mention)) == 3
    assert climb_of(mention).state == "done"
    with tenant(ana.agency_id):
        events = list(Event.objects.filter(type="mention.escalated").order_by("at", "id"))
    assert [event.data["rung"] for event in events if event.data["why"] == "urgent"] == [1, 2, 3]


def test_without_a_rota_the_next_rung_is_told_at_once_and_the_page_says_why(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    urgent(mention, ben, clock.now)
    climb(clock)
    assert told(mention) == [(2, "managers", "Mara")]
    shown = words(page(ben).get(f"/mentions/{mention.pk}/"))
    assert "There is no rota for this client" in shown
    assert "Mara was told as a manager" in shown
    assert "Nobody has it yet. Next: the owners" in shown


def test_whoever_acknowledges_ends_the_climb_and_is_named(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    urgent(mention, ana, clock.now)
    climb(clock)
    browser = page(ben)
    shown = follow(browser, submit(browser, browser.get(f"/mentions/{mention.pk}/"), button="I have it"))
    assert "Noted: you have it. Nobody else is told." in words(shown)
    assert "Ben has it. Nobody else is told." in words(shown)
    climb(clock, 60)
    assert [who for _, _, who in told(mention)] == ["Mara"]
    again = page(mara).post(f"/mentions/{mention.pk}/acknowledge/")
    assert (again.status_code, "Ben has it already." in words(again)) == (409, True)
    with tenant(ana.agency_id):
        assert Event.objects.filter(type="mention.acknowledged", subject_id=mention.pk).count() == 1
        assert AuditEntry.objects.get(action="mention.acknowledged").actor_name == "Ben"
        assert Notice.objects.get(kind=CLIMB_TOLD).acknowledged_by == "Ben"


def test_claiming_ends_the_climb_and_giving_it_back_begins_another(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    urgent(mention, ana, clock.now)
    climb(clock)
    with tenant(ana.agency_id):
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
    assert (climb_of(mention).state, climb_of(mention).ended_by) == ("claimed", "Ben")
    climb(clock, 14)
    assert [who for _, _, who in told(mention)] == ["Mara"]
    with tenant(ana.agency_id):
        release_mention(mention.pk, by=ben, seen=None, now=clock.now)
    climb(clock)
    assert [who for _, _, who in told(mention)] == ["Mara", "Mara"]


def test_what_is_closed_or_urgent_no_longer_is_climbed_no_further(
    ana: Actor, mara: Actor, mention: Mention, clock: Clock
) -> None:
    urgent(mention, ana, clock.now)
    with tenant(ana.agency_id):
        set_priority(mention.pk, priority="high", by=ana, seen=None, now=clock.now)
    climb(clock)
    assert (told(mention), climb_of(mention).state) == ([], "calmed")
    urgent(mention, ana, clock.now)
    with tenant(ana.agency_id):
        dismiss_mention(mention.pk, reason="spam", by=ana, seen=None, now=clock.now)
    climb(clock, 60)
    assert (told(mention), climb_of(mention).state) == ([], "closed")


def test_a_client_without_cover_is_climbed_for_when_its_office_opens(
    ana: Actor, mara: Actor, brand: Client, mention: Mention, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    with tenant(ana.agency_id):
        calendar = Calendar(client=brand, name="Office", created_at=clock.now)
        calendar.save(force_insert=True)
        CalendarVersion(
            calendar=calendar,
            version=1,
            effective_from=clock.now,
            zone="Europe/Riga",
            week={str(day): [["09:00", "17:00"]] for day in range(5)},
            created_at=clock.now,
            created_by="Ana",
        ).save(force_insert=True)
        Client.objects.filter(pk=brand.pk).update(calendar=calendar)
    urgent(mention, ana, clock.now)
    climb(clock, 60)
    assert told(mention) == []
    assert "Nobody looks after this client at this hour" in words(page(ana).get(f"/mentions/{mention.pk}/"))
    clock.now = datetime(2026, 3, 9, 7, tzinfo=UTC)
    climb(clock)
    assert [who for _, _, who in told(mention)] == ["Mara"]


def test_a_rung_whose_member_left_later_goes_to_the_next_at_once_and_the_page_says_so(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    plan = Plan(steps=(), rungs=(Rung((Whom.MEMBER,), 30, ben.id), Rung((Whom.OWNERS,), 5)), again=1)
    with tenant(ana.agency_id):
        set_ladder(client=None, plan=plan, by=ana, now=clock.now)
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)
    urgent(mention, mara, clock.now)
    climb(clock)
    assert told(mention) == [(2, "owners", "Ana")]
    climb(clock, 5)
    assert told(mention)[1:] == [(3, "owners", "Ana")]
    assert "Ben has left the agency" in words(page(mara).get(f"/mentions/{mention.pk}/"))
    assert "Ben is named here and can't be told any more" in words(page(mara).get("/settings/ladder/"))


def test_the_alert_recipient_gets_text_and_link_and_says_that_they_have_seen_it(
    ana: Actor, mara: Actor, dora: Contact, mention: Mention, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    with tenant(ana.agency_id):
        change_contact(dora, changes={"parts": ["alerts"]}, by=ana, now=clock.now)
    urgent(mention, ana, clock.now)
    send_mails(ana.agency_id, now=clock.now)
    (sent,) = [one for one in mail.outbox if one.to == ["dora@brightwater.example"]]
    assert "Does anybody answer there?" in sent.body
    path = (
        next(line for line in sent.body.splitlines() if "/alert/" in line)
        .partition("//")[2]
        .partition("/")[2]
    )
    phone = Browser()
    shown = phone.get(f"/{path}")
    assert "Northlight was told at once, and somebody will take it on." in words(shown)
    assert "Does anybody answer there?" in words(shown)
    phone.head(f"/{path}")
    assert "Tick the box first" in words(phone.post(f"/{path}"))
    with tenant(ana.agency_id):
        assert not EscalationLine.objects.filter(what="seen").exists()
    clock.advance(minutes=2)
    assert phone.post(f"/{path}", {"seen": "yes"}).status_code == 303
    assert phone.post(f"/{path}", {"seen": "yes"}).status_code == 303
    assert "You have seen this: 19:06" in words(phone.get(f"/{path}"))
    climb(clock)
    assert [who for _, _, who in told(mention)] == ["Mara"]  # the client's having seen it takes nobody's work
    staff = words(page(mara).get(f"/mentions/{mention.pk}/"))
    assert "Dora has seen it, at the client" in staff
    with tenant(ana.agency_id):
        assert EscalationLine.objects.get(what="seen").at == clock.now
        change_contact(dora, changes={"parts": ["viewer"]}, by=ana, now=clock.now)
    assert phone.get(f"/{path}").status_code == 404


def steps_told(mention: Mention) -> list[tuple[str, str, str]]:
    """(step, what, who) of what clocks' steps did."""
    with tenant(mention.agency_id):
        rows = EscalationLine.objects.filter(escalation__mention=mention).exclude(escalation__step="")
        rows = rows.select_related("member__user", "escalation").order_by("at", "id")
        return [(r.escalation.step, r.what, r.member.name if r.member else r.note) for r in rows]


def test_a_warning_waits_for_its_recipients_hours_unless_the_mention_is_urgent(
    ana: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        set_member_hours(zone="Europe/Riga", week={5: [("10:00", "12:00")]}, by=ben, now=clock.now)
        claim_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=400))
    # Normal: eight hours to answer; 90 % of them are used at 02:16, and Ben works from ten.
    climb(clock, 32)
    with tenant(ana.agency_id):
        notice = Notice.objects.get(kind=STEP_TOLD)
        assert notice.not_before == datetime(2026, 3, 7, 8, tzinfo=UTC)
        # Once it is over, the notice has lost its reason.
        dismiss_mention(mention.pk, reason="spam", by=ben, seen=None, now=clock.now)
    clock.now = datetime(2026, 3, 7, 8, tzinfo=UTC)
    send_mails(ana.agency_id, now=clock.now)
    assert [one for one in mail.outbox if "used" in one.subject] == []


def test_a_step_hands_a_mention_on_and_raises_its_priority_once(
    ana: Actor, mara: Actor, ben: Actor, mention: Mention, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    plan = Plan(
        steps=(
            Step("warn_50", Do.RAISE, clocks=("respond",)),
            Step("warn_50", Do.REASSIGN, Whom.MANAGERS, clocks=("respond",)),
        ),
        rungs=(Rung((Whom.OWNERS,), 5),),
    )
    with tenant(ana.agency_id):
        set_ladder(client=None, plan=plan, by=ana, now=clock.now)
        claim_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=230))
    climb(clock, 10)
    climb(clock)
    with tenant(ana.agency_id):
        now = Mention.objects.select_related("assignee__user").get(pk=mention.pk)
    assert (now.priority, now.assignee.name if now.assignee else "") == ("high", "Mara")
    assert [line for line in steps_told(mention) if line[0] == "warn_50"][:3] == [
        ("warn_50", "raise", "Normal to High"),
        ("warn_50", "reassign", "Mara"),
        ("warn_50", "notify", "Mara"),
    ]
    shown = words(page(ana).get(f"/mentions/{mention.pk}/"))
    assert "Priority raised, normal to high" in shown
    assert "Earshot handed it on to Mara" in shown


def test_a_breach_tells_the_managers_of_what_is_urgent_and_costs_nothing_where_nobody_is_told(
    ana: Actor, mara: Actor, mention: Mention, clock: Clock
) -> None:
    climb(clock, 24 * 60)
    with tenant(ana.agency_id):
        assert not Escalation.objects.exists()  # normal, and nobody has it


def test_a_ladder_is_refused_with_the_field_that_is_wrong(
    api: Callable[..., Api], ana: Actor, ben: Actor, ivo: Actor, brand: Client, clock: Clock
) -> None:
    key = api(ana)
    good: dict[str, Any] = key.get("/api/v1/ladder/").json()
    assert (good["whose"], good["rungs"][0]["whom"]) == ("usual", ["on_call", "assignee"])
    body = {"steps": [], "rungs": [{"whom": ["owners"], "wait": 300}]}
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)

    def refused(**changes: Any) -> dict[str, str]:
        answer = key.replace("/api/v1/ladder/", body | changes)
        assert answer.status_code == 400, answer.content
        return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}

    left = refused(rungs=[{"whom": ["member"], "wait": 300, "member": str(ben.id)}])
    assert left == {"/rungs/0/member": "Ben has left the agency. Choose somebody else."}
    assert (
        "only reads"
        in refused(rungs=[{"whom": ["member"], "wait": 300, "member": str(ivo.id)}])["/rungs/0/member"]
    )
    assert refused(rungs=[]) == {"/rungs": "Something urgent needs at least one rung: somebody who is told."}
    for wait in (0, -300, 90, 90_000):
        assert "/rungs/0/wait" in refused(rungs=[{"whom": ["owners"], "wait": wait}])
    step = {"step": "breach", "do": "notify", "whom": "assignee"}
    assert "/steps/0/priorities" in refused(steps=[step | {"priorities": ["panic"]}])
    assert "/steps/0/clocks" in refused(steps=[step | {"clocks": ["sundial"]}])
    assert "/steps/0/step" in refused(steps=[step | {"step": "warn_100"}])
    assert "/steps/0/whom" in refused(steps=[step | {"do": "reassign", "whom": "owners"}])


def test_a_ladder_has_versions_and_goes_back_to_the_default(
    api: Callable[..., Api], ana: Actor, brand: Client
) -> None:
    key, address = api(ana), f"/api/v1/clients/{brand.pk}/ladder/"
    body = {"steps": [], "rungs": [{"whom": ["owners"], "wait": 300}], "again": 3}
    assert key.replace(address, body).json()["version"] == 1
    assert key.replace("/api/v1/ladder/", body | {"again": 1}).json()["whose"] == "agency"
    assert key.remove(address).status_code == 204
    assert (key.get(address).json()["whose"], key.get(address).json()["again"]) == ("agency", 1)
    assert key.remove(address).status_code == 409
    assert key.replace(address, body).json()["version"] == 2
    with tenant(ana.agency_id):
        assert AuditEntry.objects.filter(action__startswith="ladder.").count() == 4


def test_a_ladder_is_changed_on_its_page(page: Callable[[Actor], Browser], ana: Actor, ivo: Actor) -> None:
    browser = page(ana)
    form = browser.get("/settings/ladder/")
    assert "Nobody has set a ladder yet" in words(form)
    zero = submit(browser, form, button="Save", **{"rungs/0/wait": "0"})
    assert (zero.status_code, "Wait at least 1 minute" in words(zero)) == (422, True)
    assert (
        submit(browser, form, button="Save", **{"rungs/0/wait": "7", "steps/0/step": ""}).status_code == 303
    )
    shown = words(page(ivo).get("/settings/ladder/"))
    assert "The assignee, who is on call then 7 min" in shown
    assert "75 % used" not in shown
    assert page(ivo).post("/settings/ladder/", {}).status_code == 403


def test_a_program_sees_who_was_told_and_acknowledges(
    api: Callable[..., Api], ana: Actor, mara: Actor, ivo: Actor, mention: Mention, clock: Clock
) -> None:
    address = f"/api/v1/mentions/{mention.pk}"
    assert api(ana).post(f"{address}/acknowledge/").status_code == 409
    urgent(mention, ana, clock.now)
    climb(clock)
    (one,) = api(ivo).get(f"{address}/escalations/").json()["results"]
    assert (one["state"], one["ladder"]["whose"], one["lines"][-1]["member"]["name"]) == (
        "waiting",
        "usual",
        "Mara",
    )
    assert api(ivo).post(f"{address}/acknowledge/").status_code == 403
    taken = api(mara).post(f"{address}/acknowledge/").json()
    assert (taken["state"], taken["next_at"]) == ("taken", None)
    assert api(ana).post(f"{address}/acknowledge/").json()["code"] == "nothing_to_acknowledge"


def test_sweeping_twice_at_the_same_moment_tells_nobody_twice(
    ana: Actor, mara: Actor, mention: Mention, clock: Clock
) -> None:
    urgent(mention, ana, clock.now)
    for _ in range(3):
        climb(clock)
    assert len(told(mention)) == 1
    with tenant(ana.agency_id):
        assert Notice.objects.filter(kind=CLIMB_TOLD).count() == 1

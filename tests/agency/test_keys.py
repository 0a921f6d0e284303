"""API keys: rotated with an overlap, narrowed, told of before they end, and signed in by with one question."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from agency.actions.alarms import sweep
from agency.actions.key_rotation import RotationUnderWay, rotate_key
from agency.actions.keys import make_key, revoke_key
from agency.actions.members import add_member, change_role, remove_member
from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.key_ends import BEFORE, ENDS, next_warning
from agency.models import Agency, Alarm, ApiKey, Membership, Notice, User
from agency.queries.access import still_may
from agency.queries.keys import FoundKey, actor_of_key, find_key, look_up, note_use
from agency.queries.people import actor_of_member
from agency.rights import Right
from agency.tenancy import tenant
from tests.fixtures import FRIDAY_EVENING, Api, Clock
from tests.pages import follow, submit, tree, words
from workflows.actions.onboarding import open_agency

KeyMaker = Callable[..., Api]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def made(key: Api, **more: Any) -> tuple[str, Api]:
    """A new key over the API: its address, and the program that has it."""
    answer = key.post("/api/v1/keys/", {"name": "Reports", "rights": ["read"], **more})
    assert answer.status_code == 201, answer.content
    return f"/api/v1/keys/{answer.json()['id']}/", Api(answer.json()["token"])


def opened(clock: Clock) -> tuple[Agency, Actor]:
    """An agency that is really committed, and its owner."""
    agency, owner = open_agency(
        name="Northlight",
        time_zone="UTC",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=clock.now,
        invite=False,
    )
    return agency, actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))


def works(program: Api) -> bool:
    return bool(program.get("/api/v1/me/").status_code == 200)


# Rotation ----------------------------------------------------------------------------------------------


def test_both_secrets_work_until_the_overlap_is_over(api: KeyMaker, ana: Actor, clock: Clock) -> None:
    owner = api(ana)
    address, old = made(owner)
    rotated = owner.post(f"{address}rotate/", {}).json()
    new = Api(rotated["token"])
    assert rotated["old_secret"]["until"] == (clock.now + DAY).isoformat().replace("+00:00", "Z")
    assert rotated["token"].rpartition("_")[0] != old.token
    assert rotated["token"].split("_")[1] == old.token.split("_")[1]
    assert works(old)
    assert works(new)
    ids = {program.get("/api/v1/me/").json()["actor"]["id"] for program in (old, new)}
    assert ids == {rotated["id"]}
    clock.advance(hours=23, minutes=59)
    assert works(old)
    clock.advance(minutes=1)
    assert not works(old)
    assert works(new)
    shown = owner.get(address).json()
    assert (shown["old_secret"], shown["rotated_at"]) == (None, "2026-03-06T17:04:00Z")
    assert "token" not in shown


def test_without_an_overlap_the_old_secret_stops_at_once(api: KeyMaker, ana: Actor) -> None:
    owner = api(ana)
    address, old = made(owner)
    new = Api(owner.post(f"{address}rotate/", {"overlap_seconds": 0}).json()["token"])
    assert not works(old)
    assert works(new)


def test_whether_the_old_secret_is_still_used_is_told(api: KeyMaker, ana: Actor, clock: Clock) -> None:
    owner = api(ana)
    address, old = made(owner)
    owner.post(f"{address}rotate/", {"overlap_seconds": 3600})
    assert owner.get(address).json()["old_secret"]["last_used_at"] is None
    clock.advance(minutes=5)
    assert works(old)
    shown = owner.get(address).json()
    assert shown["old_secret"]["last_used_at"] == "2026-03-06T17:09:00Z"
    assert (shown["last_used_at"], shown["last_used_from"]) == ("2026-03-06T17:09:00Z", "127.0.0.1")


def test_one_rotation_at_a_time_and_the_old_secret_can_be_ended_early(api: KeyMaker, ana: Actor) -> None:
    owner = api(ana)
    address, old = made(owner)
    owner.post(f"{address}rotate/", {})
    again = owner.post(f"{address}rotate/", {})
    assert (again.status_code, again.json()["code"]) == (409, "rotation_under_way")
    for _ in range(2):  # sent again, it does nothing more
        assert owner.delete(f"{address}old-secret/").status_code == 204
    assert not works(old)
    assert owner.post(f"{address}rotate/", {}).status_code == 200


@pytest.mark.parametrize("overlap", [-1, 604_801, 1.5, "3600", None, True])
def test_odd_overlaps_are_refused(api: KeyMaker, ana: Actor, overlap: object) -> None:
    owner = api(ana)
    address, old = made(owner)
    refused = owner.post(f"{address}rotate/", {"overlap_seconds": overlap})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/overlap_seconds")
    assert works(old)


def test_a_rotation_may_give_the_key_another_end(api: KeyMaker, ana: Actor, clock: Clock) -> None:
    owner = api(ana)
    soon, later = (clock.now + DAY).isoformat(), (clock.now + 90 * DAY).isoformat()
    address, _ = made(owner, expires_at=soon)
    kept = owner.post(f"{address}rotate/", {"overlap_seconds": 0}).json()
    assert datetime.fromisoformat(kept["expires_at"]) == clock.now + DAY
    put_off = owner.post(f"{address}rotate/", {"overlap_seconds": 0, "expires_at": later}).json()
    assert datetime.fromisoformat(put_off["expires_at"]) == clock.now + 90 * DAY
    never = owner.post(f"{address}rotate/", {"overlap_seconds": 0, "expires_at": None}).json()
    assert never["expires_at"] is None


def test_nobody_rotates_a_key_that_may_more_than_they(api: KeyMaker, ana: Actor, clock: Clock) -> None:
    """They would hold its secret then."""
    owner = api(ana)
    keeper = api(ana, "read", "keys")
    address, old = made(owner, rights=["read", "data"])
    refused = keeper.post(f"{address}rotate/", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    ending, _ = made(owner, rights=["read", "keys"], expires_at=(clock.now + HOUR).isoformat())
    _, short = made(owner, rights=["read", "keys"], expires_at=(clock.now + HOUR).isoformat())
    endless, _ = made(owner)
    assert short.post(f"{endless}rotate/", {}).status_code == 403
    assert short.post(f"{ending}rotate/", {"expires_at": None}).status_code == 400
    assert short.post(f"{ending}rotate/", {}).status_code == 200
    assert works(old)


def test_a_key_that_is_over_is_not_rotated(api: KeyMaker, ana: Actor, clock: Clock) -> None:
    owner = api(ana)
    revoked, program = made(owner)
    ended, _ = made(owner, expires_at=(clock.now + HOUR).isoformat())
    owner.post(f"{revoked}rotate/", {})
    owner.delete(revoked)
    assert not works(program)  # by its old secret neither
    clock.advance(hours=1)
    for address in (revoked, ended):
        for answer in (owner.post(f"{address}rotate/", {}), owner.patch(address, {"name": "x"})):
            assert (answer.status_code, answer.json()["code"]) == (409, "key_over")
    assert [owner.get(address).json()["state"] for address in (revoked, ended)] == ["revoked", "ended"]


def test_what_was_opened_with_the_old_secret_ends_with_it(ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        key, token = make_key(name="K", rights=["read"], expires_at=None, by=ana, now=clock.now)
        _, fresh = rotate_key(key.pk, overlap=HOUR, by=ana, now=clock.now)
    old, new = (find_key(one, now=clock.now) for one in (token, fresh))
    assert old is not None
    assert new is not None
    streams = actor_of_key(old), actor_of_key(new)
    assert [still_may(one, Right.READ, now=clock.now) for one in streams] == [True, True]
    later = clock.now + HOUR
    assert [still_may(one, Right.READ, now=later) for one in streams] == [False, True]


@pytest.mark.usefixtures("committed")
def test_of_two_rotations_at_once_one_wins(clock: Clock) -> None:
    agency, ana = opened(clock)
    with tenant(agency.pk):
        key, _ = make_key(name="K", rights=["read"], expires_at=None, by=ana, now=clock.now)
    won: list[str] = []
    lost: list[str] = []
    together = threading.Barrier(4)

    def rotate() -> None:
        together.wait()
        try:
            with tenant(agency.pk):
                won.append(rotate_key(key.pk, by=ana, now=clock.now)[1])
        except RotationUnderWay:
            lost.append("")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 3)
    assert find_key(won[0], now=clock.now) is not None


# Changing ----------------------------------------------------------------------------------------------


def test_a_key_is_renamed_and_narrowed_and_never_widened(api: KeyMaker, ana: Actor, clock: Clock) -> None:
    owner = api(ana)
    address, program = made(owner, rights=["read", "respond"], expires_at=(clock.now + 9 * DAY).isoformat())
    changed = owner.patch(address, {"name": "Reports of the shop", "rights": ["read"], "rate": 5})
    assert (changed.json()["name"], changed.json()["rights"], changed.json()["rate"]) == (
        "Reports of the shop",
        ["read"],
        5,
    )
    assert program.get("/api/v1/me/").json()["rights"] == ["read"]
    nearer = owner.patch(address, {"expires_at": (clock.now + DAY).isoformat()})
    assert nearer.status_code == 200
    for wider, pointer in (
        ({"rights": ["read", "respond"]}, "/rights"),
        ({"expires_at": (clock.now + 2 * DAY).isoformat()}, "/expires_at"),
        ({"expires_at": None}, "/expires_at"),
        ({"expires_at": clock.now.isoformat()}, "/expires_at"),
        ({"rate": 10_000_001}, "/rate"),
        ({"rate": 0}, "/rate"),
        ({"clients": []}, "/clients"),
        ({"clients": [str(uuid4())]}, "/clients"),
    ):
        refused = owner.patch(address, wider)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer), wider


def test_clients_become_fewer_only(api: KeyMaker, ana: Actor, brand: Any, clock: Clock) -> None:
    owner = api(ana)
    address, program = made(owner)
    assert owner.patch(address, {"clients": [str(brand.pk)]}).json()["clients"] == [str(brand.pk)]
    assert program.get("/api/v1/me/").json()["clients"] == [str(brand.pk)]
    assert owner.patch(address, {"clients": None}).json()["errors"][0]["pointer"] == "/clients"


def test_the_log_tells_what_became_of_a_key(api: KeyMaker, ana: Actor, page: Any) -> None:
    owner = api(ana)
    address, _ = made(owner, rights=["read", "respond"])
    owner.patch(address, {"name": "Shop", "rights": ["read"]})
    owner.post(f"{address}rotate/", {})
    owner.delete(f"{address}old-secret/")
    owner.delete(address)
    told = words(page(ana).get(f"/activity/?subject={address.split('/')[-2]}"), ".items--log")
    for sentence in (
        "made the API key",
        "changed the API key",
        "rotated the API key",
        "ended the old secret",
    ):
        assert sentence in told
    assert "rights: read, respond → read" in told
    assert "overlap: 1 d" in told


def test_revoking_says_what_the_key_made_and_takes_it_along_only_if_asked(api: KeyMaker, ana: Actor) -> None:
    owner = api(ana)
    first, maker = made(owner, rights=["read", "keys"])
    second, child = made(maker, rights=["read", "keys"])
    third, grandchild = made(child)
    assert owner.get(third).json()["made_by_key"]["id"] == second.split("/")[-2]
    assert owner.delete(first).status_code == 204
    assert [works(child), works(grandchild)] == [True, True]
    assert owner.delete(f"{second}?made_too=true").status_code == 204
    assert [works(child), works(grandchild)] == [False, False]


# Signing in --------------------------------------------------------------------------------------------


def test_a_sign_in_is_one_question_with_the_time(api: KeyMaker, ana: Actor) -> None:
    key = api(ana)
    key.get("/api/v1/me/")  # its use is noted

    def asked(path: str, **headers: str) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            key.browser.get(path, headers={"authorization": f"Bearer {key.token}", **headers})
        return [
            q["sql"] for q in caught.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))
        ]

    # The sign-in, and the view's own question. The tenant's setting goes along.
    assert len(asked("/api/v1/me/")) == 2
    for refused in ("esk_aaaaaaaaaa_b", f"{key.token}x", key.token[:-1] + "~"):
        assert len(asked("/api/v1/me/", authorization=f"Bearer {refused}")) == 1
    assert asked("/api/v1/me/", authorization="Bearer nonsense") == []


def test_a_use_is_noted_once_a_minute(ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        _, token = make_key(name="K", rights=["read"], expires_at=None, by=ana, now=clock.now)

    def use() -> int:
        key = find_key(token, now=clock.now)
        assert key is not None
        with CaptureQueriesContext(connection) as caught:
            note_use(key, address="203.0.113.7", now=clock.now)
        return len(caught)

    assert [use(), use()] == [1, 0]
    clock.advance(seconds=61)
    assert [use(), use()] == [1, 0]
    assert ApiKey.objects.get().last_used_from == "203.0.113.7"


@pytest.mark.usefixtures("committed")
def test_noting_a_use_waits_for_nobody(clock: Clock) -> None:
    agency, ana = opened(clock)
    with tenant(agency.pk):
        key, token = make_key(name="K", rights=["read"], expires_at=None, by=ana, now=clock.now)
    found = find_key(token, now=clock.now)
    assert found is not None

    def note() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        note_use(found, address="", now=clock.now)
        connections.close_all()

    with transaction.atomic():
        ApiKey.objects.select_for_update().get(pk=key.pk)
        other = threading.Thread(target=note)
        other.start()
        other.join(timeout=5)
        assert not other.is_alive()
    assert ApiKey.objects.get(pk=key.pk).last_used_at is None


def _found(**changes: Any) -> FoundKey:
    plain: dict[str, Any] = {
        **dict.fromkeys(("id", "agency_id"), uuid4()),
        **dict.fromkeys(("name", "prefix", "last_used_from", "digest"), ""),
        **dict.fromkeys(("client_ids", "rate", "expires_at", "revoked_at", "last_used_at", "old_until")),
        **dict.fromkeys(("old_used_at", "erasing_at", "maker_role", "maker_clients", "maker_left_at")),
        "rights": ["read"],
        "by_new": True,
        "maker_id": None,
        "maker_is_active": None,
    }
    return FoundKey(**{**plain, **changes})


@given(
    revoked=st.booleans(),
    erasing=st.booleans(),
    expires=st.sampled_from([None, -1, 0, 1]),
    by_new=st.booleans(),
    until=st.sampled_from([None, -1, 0, 1]),
    maker=st.sampled_from(["none", "there", "left", "inactive"]),
)
def test_one_thing_wrong_is_enough(
    revoked: bool, erasing: bool, expires: int | None, by_new: bool, until: int | None, maker: str
) -> None:
    now = FRIDAY_EVENING

    def at(hours: int | None) -> datetime | None:
        return None if hours is None else now + hours * HOUR

    key = _found(
        revoked_at=now if revoked else None,
        erasing_at=now if erasing else None,
        expires_at=at(expires),
        by_new=by_new,
        old_until=at(until),
        maker_id=None if maker == "none" else uuid4(),
        maker_left_at=now if maker == "left" else None,
        maker_is_active={"none": None, "inactive": False}.get(maker, True),
    )
    wrong = revoked or erasing or expires in {-1, 0} or maker in {"left", "inactive"}
    assert key.lets_in(now) == (not wrong and (by_new or until == 1))


def test_keys_of_who_fell_left_or_was_shut_out_and_of_an_agency_that_ends(
    api: KeyMaker, ana: Actor, agency: Agency, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        eve = add_member(email="eve@x.example", name="Eve", role="owner", by=ana, now=clock.now)
    program = api(actor_of_member(eve), "read", "keys", "respond")
    owner = api(ana)
    with tenant(ana.agency_id):
        change_role(eve, role="analyst", by=ana, now=clock.now)
    assert program.get("/api/v1/me/").json()["rights"] == ["read"]
    assert program.get("/api/v1/keys/").status_code == 403
    User.objects.filter(pk=eve.user_id).update(is_active=False)
    assert not works(program)
    listed = {row["name"]: row["state"] for row in owner.get("/api/v1/keys/").json()["results"]}
    assert listed == {"Eve's key": "stopped", "Ana's key": "live"}
    User.objects.filter(pk=eve.user_id).update(is_active=True)
    assert works(program)
    Agency.objects.filter(pk=agency.pk).update(erasing_at=clock.now + DAY)
    assert [works(program), works(owner)] == [False, False]
    Agency.objects.filter(pk=agency.pk).update(erasing_at=None)
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=eve.pk), by=ana, now=clock.now)
    assert [works(program), works(owner)] == [False, True]


def test_a_token_that_could_be_no_key_is_not_even_looked_up(db: None) -> None:
    for odd in ("", "esk", "esk__", "esk_a_", "xsk_a_b", "esk_ü_ü", "esk_a_\x00", "esk_a_" + "b" * 200):
        assert look_up(odd) is None


# Told before it ends -------------------------------------------------------------------------------------


def told(agency: Agency, now: datetime) -> list[tuple[str, str]]:
    """Who got which mail by now: (to, subject)."""
    mail.outbox.clear()
    sweep(now=now)
    with tenant(agency.pk):
        waiting = list(Notice.objects.filter(kind=ENDS, state="queued").values_list("pk", flat=True))
    for pk in waiting:
        send_notice(agency.pk, pk, clock=lambda: now)
    return sorted((message.to[0], message.subject) for message in mail.outbox)


def test_the_maker_and_the_owners_are_told_a_week_and_a_day_before(
    ana: Actor, agency: Agency, ben: Actor, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        eve = add_member(email="eve@x.example", name="Eve", role="owner", by=ana, now=clock.now, invite=False)
        end = clock.now + 30 * DAY
        make_key(name="Shop", rights=["read"], expires_at=end, by=actor_of_member(eve), now=clock.now)
        change_role(eve, role="analyst", by=ana, now=clock.now)
    assert told(agency, end - 8 * DAY) == []
    both = ["ana@northlight.example", "eve@x.example"]
    assert told(agency, end - 7 * DAY) == [(to, "The API key “Shop” ends in 7 d") for to in both]
    assert "5 April 2026, 20:04 (Europe/Riga)" in str(mail.outbox[0].body)  # as the agency's clocks show it
    assert told(agency, end - 3 * DAY) == []
    assert told(agency, end - DAY) == [(to, "The API key “Shop” ends in 1 d") for to in both]
    assert told(agency, end + DAY) == []
    assert not Alarm.objects.filter(kind=ENDS).exists()


@pytest.mark.parametrize("what", ["revoked", "put off"])
def test_nobody_is_told_of_an_end_that_is_none(ana: Actor, agency: Agency, clock: Clock, what: str) -> None:
    end = clock.now + 8 * DAY
    with tenant(ana.agency_id):
        key, _ = make_key(name="Shop", rights=["read"], expires_at=end, by=ana, now=clock.now)
    sweep(now=end - 7 * DAY)  # queued, and not sent yet
    with tenant(ana.agency_id):
        if what == "revoked":
            revoke_key(key, by=ana, now=end - 7 * DAY)
        else:
            far = end + 90 * DAY
            rotate_key(key.pk, ends=True, expires_at=far, by=ana, now=end - 7 * DAY)
    assert told(agency, end - 7 * DAY + HOUR) == []
    assert told(agency, end - DAY) == []


@given(life=st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)))
def test_warnings_come_in_order_and_before_the_end(life: timedelta) -> None:
    now, end = FRIDAY_EVENING, FRIDAY_EVENING + life
    found: list[datetime] = []
    at: datetime | None = now
    while at is not None and (at := next_warning(end, after=at)) is not None:
        found.append(at)
    assert found == [end - ahead for ahead in sorted(BEFORE, reverse=True) if end - ahead > now]
    assert next_warning(None, after=now) is None


# The pages -----------------------------------------------------------------------------------------------


def test_a_key_is_made_with_an_end_rotated_and_its_old_secret_ended_on_the_pages(
    ana: Actor, page: Any, clock: Clock
) -> None:
    browser = page(ana)
    form = browser.get("/keys/add/")
    assert "In 30 days, on 5 April 2026" in words(form)
    shown = submit(
        browser, form, button="Make the key", name="Shop", rights=["read"], ends="date", ends_on="2026-04-05"
    )
    old = Api(words(shown, "#new-key"))
    key = ApiKey.objects.get()
    # At the end of the day where the agency is: summer time has begun.
    assert key.expires_at == datetime.fromisoformat("2026-04-06T00:00:00+03:00")
    detail = browser.get(f"/keys/{key.pk}/")
    assert old.token not in detail.content.decode()
    assert "never" in words(detail, ".facts")
    asked = browser.get(f"/keys/{key.pk}/rotate/")
    assert "As it is: on 5 April 2026" in words(asked)
    rotated = submit(browser, asked, button="Rotate it", overlap="3600")
    new = Api(words(rotated, "#new-key"))
    assert "no-store" in rotated["Cache-Control"]
    assert [works(old), works(new)] == [True, True]
    seen = words(browser.get(f"/keys/{key.pk}/"))
    assert "The old secret works until" in seen
    assert "It was still used just now" in seen
    assert "Two secrets" in words(browser.get("/keys/"))
    refused = submit(browser, browser.get(f"/keys/{key.pk}/rotate/"), button="Rotate it")
    assert (refused.status_code, "End that first" in words(refused)) == (409, True)
    asked = browser.get(f"/keys/{key.pk}/end-old-secret/")
    assert "The old secret has ended." in words(follow(browser, submit(browser, asked, button="End it now")))
    assert [works(old), works(new)] == [False, True]


def test_the_pages_narrow_a_key_and_offer_nothing_more(
    ana: Actor, page: Any, brand: Any, clock: Clock
) -> None:
    browser = page(ana)
    with tenant(ana.agency_id):
        key, _ = make_key(name="Shop", rights=["read", "respond"], expires_at=None, by=ana, now=clock.now)
    form = browser.get(f"/keys/{key.pk}/change/")
    assert len(tree(form).css("input[name=rights]")) == 2
    saved = submit(
        browser, form, button="Save", name="Shop", rights=["read"], rate="7", clients=[str(brand.pk)]
    )
    assert "7" in words(follow(browser, saved), ".facts")
    key.refresh_from_db()
    assert (key.rights, key.rate, key.client_ids) == (["read"], 7, [brand.pk])
    wide = submit(browser, browser.get(f"/keys/{key.pk}/change/"), button="Save", rights=["read", "respond"])
    assert wide.status_code == 422
    without = submit(browser, browser.get(f"/keys/{key.pk}/change/"), button="Save", clients=[])
    assert without.status_code == 422


def test_the_list_tells_the_states_apart_and_revoking_asks(
    ana: Actor, api: KeyMaker, page: Any, clock: Clock
) -> None:
    owner = api(ana)
    made(owner, name="Soon", expires_at=(clock.now + 2 * DAY).isoformat())
    made(owner, name="Short", expires_at=(clock.now + HOUR).isoformat())
    first, maker = made(owner, name="Maker", rights=["read", "keys"])
    made(maker, name="Child")
    clock.advance(hours=2)
    browser = page(ana)
    listed = browser.get("/keys/")
    rows = {
        node.css_first("th").text(): " ".join(node.text(separator=" ").split())
        for node in tree(listed).css("tbody tr")
    }
    told = " | ".join(rows.values())
    assert "Ends soon" in next(row for row in rows.values() if row.startswith("Soon"))
    assert "Ended" in next(row for row in rows.values() if row.startswith("Short"))
    assert "never" in told
    page_of_child = browser.get(f"/keys/{ApiKey.objects.get(name='Child').pk}/")
    assert "by the key Maker of Ana" in words(page_of_child)
    assert "Child" in words(browser.get(f"/keys/{first.split('/')[-2]}/"), "table")
    asked = browser.get(f"/keys/{first.split('/')[-2]}/revoke/")
    assert "Also revoke what it made: “Child”" in words(asked)
    submit(browser, asked, button="Revoke it", made_too="on")
    assert set(ApiKey.objects.exclude(revoked_at=None).values_list("name", flat=True)) == {"Maker", "Child"}
    assert "Ends" not in words(browser.get(f"/keys/{first.split('/')[-2]}/"), ".facts")


@pytest.mark.parametrize("path", ["", "change/", "rotate/", "end-old-secret/", "revoke/"])
def test_another_agencys_key_looks_absent(
    ana: Actor, cleo: Actor, page: Any, clock: Clock, path: str
) -> None:
    with tenant(cleo.agency_id):
        key, _ = make_key(name="Theirs", rights=["read"], expires_at=None, by=cleo, now=clock.now)
    foreign, absent = (page(ana).get(f"/keys/{pk}/{path}") for pk in (key.pk, uuid4()))
    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert Browser().get(f"/keys/{key.pk}/{path}").status_code == 302

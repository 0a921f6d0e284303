"""Erasing on the pages and by the API: who may, what must be typed, what stops, and what can be taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.management import call_command

from agency.actions.alarms import set_alarm, sweep
from agency.actor import Actor
from agency.models import Agency, Alarm, Erasure, Event, Membership, Notice
from agency.tasks.deliver import deliver_notice
from agency.tenancy import tenant
from clients.models import Client, Contact
from mentions.actions.sources import add_source
from mentions.models import Author, ForgottenAuthor, Mention, Source, SourceRead
from tests.fixtures import Api, Clock
from tests.making import make_mention
from tests.pages import follow, submit, words
from tests.web_server import Answer, WebServer
from workflows.actions.collect import collect
from workflows.actions.erasing import erase
from workflows.tasks.data import erase_data, ring_for_owners_mails


def _erase_all(agency_id: Any, clock: Clock) -> None:
    """As the worker does when the alarm rings."""
    with tenant(agency_id):
        waiting = list(Erasure.objects.filter(state__in=["waiting", "running"]).values_list("pk", flat=True))
    for erasure_id in waiting:
        assert erase(agency_id, erasure_id, clock=lambda: clock.now)


PASSWORD = "lighthouse-keeper-9"


def _with_password(by: Actor) -> None:
    user = Membership.objects.select_related("user").get(pk=by.id).user
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def test_from_a_mention_to_its_author_to_nothing(
    page: Callable[..., Any], ana: Actor, mention: Mention, clock: Clock
) -> None:
    browser = page(ana)
    author = mention.post.author_id
    assert f"/authors/{author}/" in browser.get(f"/mentions/{mention.pk}/").content.decode()
    seen = browser.get(f"/authors/{author}/")
    assert "Brightwater 1 mention" in words(seen)
    asked = browser.get(f"/authors/{author}/erase/")
    assert "Everything about Pauls Zariņš goes, for good: the account, all its posts, and 1 mention" in words(
        asked
    )
    wrong = submit(browser, asked, button="Erase the author", confirm="Pauls")
    assert (wrong.status_code, "Type the name as it is written here" in words(wrong)) == (422, True)
    said = follow(browser, submit(browser, asked, button="Erase the author", confirm="pauls zariņš "))
    assert "Waiting" in words(said)
    assert "Pauls" not in words(said)
    _erase_all(ana.agency_id, clock)
    after = words(browser.get("/settings/data/"))
    assert "An author The person or the client asked for it" in after
    assert "1 mention, 1 post" in after
    assert "An author on Feed" in after
    assert browser.get(f"/authors/{author}/").status_code == 404
    assert browser.get(f"/mentions/{mention.pk}/").status_code == 404


def test_readers_see_an_author_and_no_buttons_and_others_nobody(
    page: Callable[..., Any], ivo: Actor, cleo: Actor, mention: Mention
) -> None:
    address = f"/authors/{mention.post.author_id}/"
    assert "Erase" not in words(page(ivo).get(address))
    assert page(ivo).get(f"{address}erase/").status_code == 403
    assert page(cleo).get(address).status_code == page(cleo).get(f"/authors/{uuid4()}/").status_code == 404


RSS = '<?xml version="1.0"?><rss version="2.0"><channel><title>F</title>{}</channel></rss>'
ITEM = (
    "<item><guid>https://f.example/{0}</guid><link>https://f.example/{0}</link><title>T</title>"
    "<author>{1}</author><description>Brightwater {0}</description></item>"
)


def _read_anew(source: Source) -> None:
    """As after its settings were changed: the source no longer knows what it has seen."""
    with tenant(source.agency_id):
        Source.objects.update(cursor={})


def _feed(*posts: tuple[int, str]) -> Answer:
    body = RSS.format("".join(ITEM.format(number, who) for number, who in posts))
    return Answer(body.encode(), headers={"Content-Type": "application/rss+xml"})


def test_a_forgotten_author_is_passed_over_and_counted_until_the_block_is_lifted(
    page: Callable[..., Any],
    api: Callable[..., Api],
    ana: Actor,
    brand: Client,
    clock: Clock,
    web_server: WebServer,
) -> None:
    web_server.answers["/f.xml"] = _feed((1, "Pauls"), (2, "Vita"))
    with tenant(ana.agency_id):
        source = add_source(
            kind="feed", name="F", settings={"url": web_server.url_of("/f.xml")}, every=timedelta(minutes=5),
            client=None, by=ana, now=clock.now,
        )  # fmt: skip
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 2
    with tenant(ana.agency_id):
        author = Author.objects.get(name="Pauls")
    made = api(ana).post(
        "/api/v1/erasures/",
        {"kind": "author", "author": str(author.pk), "confirm": "Pauls", "reason": "asked"},
    )
    assert (made.status_code, made.json()["state"]) == (201, "waiting")
    _erase_all(ana.agency_id, clock)
    web_server.answers["/f.xml"] = _feed((1, "Pauls"), (2, "Vita"), (3, "Pauls"), (4, "Vita"))
    _read_anew(source)
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 1
    with tenant(ana.agency_id):
        assert SourceRead.objects.order_by("-id")[0].forgotten == 2
        assert set(Author.objects.values_list("name", flat=True)) == {"Vita"}
        block = ForgottenAuthor.objects.get()
        assert block.digest != author.key
    assert [b["id"] for b in api(ana).get("/api/v1/author-blocks/").json()["results"]] == [str(block.pk)]
    browser = page(ana)
    follow(
        browser,
        submit(browser, browser.get(f"/settings/data/blocks/{block.pk}/lift/"), button="Collect again"),
    )
    _read_anew(source)
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 2


def test_a_client_is_archived_first_and_then_erased(
    page: Callable[..., Any], api: Callable[..., Api], ana: Actor, brand: Client, dora: Contact, mention: Mention,
    clock: Clock,
) -> None:  # fmt: skip
    browser = page(ana)
    refused = api(ana).post(
        "/api/v1/erasures/", {"kind": "client", "client": str(brand.pk), "confirm": "Brightwater"}
    )
    assert (refused.status_code, "Archive the client first" in refused.json()["detail"]) == (409, True)
    assert "Archive it first" in words(browser.get(f"/clients/{brand.pk}/data/"))
    browser.post(f"/clients/{brand.pk}/archive/")
    asked = browser.get(f"/clients/{brand.pk}/data/erase/")
    follow(browser, submit(browser, asked, button="Erase the client", confirm="Brightwater"))
    erase_data(str(ana.agency_id), str(_only_erasure(ana)))
    after = words(browser.get("/settings/data/"))
    assert "A client The work for them has ended" in after
    assert "1 mention" in after
    assert browser.get(f"/clients/{brand.pk}/").status_code == 404
    with tenant(ana.agency_id):
        assert not Contact.objects.exists()
        assert not Event.objects.filter(client_id=brand.pk).exists()


def _only_erasure(by: Actor) -> Any:
    with tenant(by.agency_id):
        return Erasure.objects.get().pk


def test_erasing_an_agency_asks_who_it_is_waits_a_week_and_can_be_called_off(
    page: Callable[..., Any], api: Callable[..., Api], ana: Actor, ben: Actor, mention: Mention, clock: Clock,
    django_capture_on_commit_callbacks: Any, settings: Any,
) -> None:  # fmt: skip
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    _with_password(ana)
    browser, bens, key = page(ana), page(ben), api(ana)
    away = browser.get("/settings/data/erase/")
    assert (away.status_code, away["Location"]) == (
        303,
        "/accounts/reauthenticate/?next=%2Fsettings%2Fdata%2Ferase%2F",
    )
    sure = submit(browser, browser.get(away["Location"]), button="Go on", password=PASSWORD)
    asked = browser.get(sure["Location"])
    assert "It begins in 7 days." in words(asked)
    assert submit(browser, asked, button="Erase the agency", confirm="North").status_code == 422
    said = follow(browser, submit(browser, asked, button="Erase the agency", confirm="Northlight"))
    assert "Northlight is going to be erased" in words(said)
    refused = bens.get("/")
    assert refused.status_code == 403
    assert "Northlight is going to be erased" in words(refused)
    assert key.get("/api/v1/me/").status_code == 401
    assert "going to be erased" in words(browser.get("/"))
    _nothing_rings_but_the_owners_mail(ana, clock)
    kept = follow(browser, submit(browser, browser.get("/settings/data/keep/"), button="Keep the agency"))
    assert "called off" in words(kept)
    assert (bens.get("/").status_code, key.get("/api/v1/me/").status_code) == (200, 200)
    with tenant(ana.agency_id):
        assert Erasure.objects.get().state == "called_off"
    assert Agency.objects.get(pk=ana.agency_id).erasing_at is None
    assert sweep(now=clock.now).fired > 0
    clock.advance(days=30)
    erase_data(str(ana.agency_id), str(_only_erasure(ana)))
    assert Agency.objects.filter(pk=ana.agency_id).exists()


def _nothing_rings_but_the_owners_mail(ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        set_alarm("source.read", uuid4(), clock.now)
        notice = Notice.objects.get(kind="agency.erasing")
        assert ring_for_owners_mails([notice.pk], clock.now).keys() == {notice.pk}
    deliver_notice(str(ana.agency_id), str(notice.pk))
    assert "Ana asked Earshot to erase Northlight" in mail.outbox[-1].body
    with tenant(ana.agency_id):
        assert ring_for_owners_mails([notice.pk], clock.now) == {}
    sweep(now=clock.now)
    assert Alarm.objects.filter(kind="source.read", due_at__lte=clock.now).exists()


def test_an_erasure_is_asked_for_once(api: Callable[..., Api], ana: Actor, mention: Mention) -> None:
    body = {"kind": "author", "author": str(mention.post.author_id), "confirm": "Pauls Zariņš"}
    assert [api(ana).post("/api/v1/erasures/", body).status_code for _ in range(2)] == [201, 409]
    made = api(ana).get("/api/v1/erasures/").json()["results"][0]
    assert api(ana).post(f"/api/v1/erasures/{made['id']}/call-off/").json()["code"] == "conflict"


def test_the_operator_erases_at_once_and_repeats_what_a_backup_brought_back(
    ana: Actor, cleo: Actor, brand: Client, clock: Clock, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    with tenant(ana.agency_id):
        author = make_mention(brand, now=clock.now, author="Pauls").post.author_id
    call_command("erase_data", agency="Northlight", author=str(author), yes=True)
    capsys.readouterr()
    call_command("erasures", since="2026-03-01")
    (tmp_path / "erasures.jsonl").write_text(capsys.readouterr().out + "a line of something else\n")
    with tenant(ana.agency_id):  # as an older backup has it
        ForgottenAuthor.objects.all().delete()
        Erasure.objects.all().delete()
        back = make_mention(brand, now=clock.now, author="Pauls").post
        Author.objects.filter(pk=back.author_id).update(id=author)
    # The id of an author is what it was in the backup.
    with tenant(ana.agency_id):
        assert Author.objects.filter(pk=author).exists()
        Mention.objects.filter(post=back).update(post=back)
    call_command("replay_erasures", str(tmp_path / "erasures.jsonl"))
    with tenant(ana.agency_id):
        assert not Author.objects.filter(pk=author).exists()
        assert ForgottenAuthor.objects.count() == 1
    call_command("erase_agency", str(ana.agency_id), now=True, yes=True)
    assert not Agency.objects.filter(pk=ana.agency_id).exists()
    assert list(Membership.objects.values_list("agency", flat=True)) == [cleo.agency_id]


def test_the_operator_sees_what_retention_would_delete(
    ana: Actor, brand: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with tenant(ana.agency_id):
        Client.objects.filter(pk=brand.pk).update(keep_days=30)
    call_command("retention", agency="northlight", dry_run=True)
    call_command("retention")
    call_command("retention", agency="northlight", client=str(brand.pk), keep_days="forever")
    assert capsys.readouterr().out.splitlines() == [
        "Northlight, Brightwater (30 days): 0 mentions would be deleted.",
        "Northlight, Brightwater (30 days): 0 mentions deleted.",
        "Brightwater: Nothing is that old yet, so nothing is deleted now.",
        "Closed mentions of Brightwater are kept for ever.",
    ]

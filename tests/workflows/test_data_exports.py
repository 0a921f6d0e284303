"""Exports: everything about an agency, a client or an author, and nothing of anybody else."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.models import Alarm, AuditEntry, Export, ExportPart
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import make_mention
from tests.pages import follow, submit, tree, words
from workflows.actions.exports import build_export
from workflows.actions.moves import claim_mention
from workflows.actions.responses import draft_reply
from workflows.archive import PIECE, Archive, Pieces
from workflows.tasks.data import make_export


@pytest.fixture
def worked(brand: Client, ben: Actor, clock: Clock) -> Mention:
    with tenant(brand.agency_id):
        mention = make_mention(brand, now=clock.now, text="=HYPERLINK(Brightwater)", author="Pauls Zariņš")
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text="Dear Pauls", by=ben, seen=None, now=clock.now)
    return mention


@pytest.fixture
def other(ana: Actor, clock: Clock) -> Mention:
    with tenant(ana.agency_id):
        client = create_client(name="Quincewood", time_zone="UTC", language="en", by=ana, now=clock.now)
        return make_mention(client, now=clock.now, text="Quincewood is fine", author="Somebody else")


def _opened(answer: Any) -> zipfile.ZipFile:
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content)
    assert len(body) == int(answer["Content-Length"])
    return zipfile.ZipFile(io.BytesIO(body))


def _lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(f"{name}.jsonl").splitlines()]


def _make(agency_id: Any, clock: Clock) -> None:
    """As the worker does when the alarm rings."""
    with tenant(agency_id):
        waiting = list(Export.objects.filter(state="queued").values_list("pk", flat=True))
    for export_id in waiting:
        build_export(agency_id, export_id, clock=lambda: clock.now)


def test_ana_asks_for_everything_downloads_it_and_that_is_written_down(
    page: Callable[..., Any], ana: Actor, worked: Mention, clock: Clock
) -> None:
    browser = page(ana)
    said = follow(browser, submit(browser, browser.get("/settings/data/"), button="Export everything"))
    assert "Being made" in words(said)
    assert "hx-trigger" in said.content.decode()
    assert "being made already" in words(follow(browser, submit(browser, said, button="Export everything")))
    _make(ana.agency_id, clock)
    ready = browser.get("/settings/data/")
    assert "Ready" in words(ready)
    link = next(a for a in _links(ready) if a.endswith("/download/"))
    archive = _opened(browser.get(link))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["kind"], manifest["about"]["name"]) == ("agency", "Northlight")
    for name, told in manifest["files"].items():
        content = archive.read(name)
        assert hashlib.sha256(content).hexdigest() == told["sha256"], name
        assert content.count(b"\n") >= told["rows"], name
    assert {"Dear Pauls"} == {version["text"] for version in _lines(archive, "reply_versions")}
    assert {member["email"] for member in _lines(archive, "members")} >= {"ana@northlight.example"}
    assert {"digest", "salt", "salt_id"}.isdisjoint(_lines(archive, "agency")[0])
    assert "Everything that Earshot held about Northlight" in archive.read("README.txt").decode()
    with tenant(ana.agency_id):
        entry = AuditEntry.objects.get(action="data.exported")
        assert (entry.actor_name, entry.details["kind"]) == ("Ana", "agency")


def _links(response: Any) -> Iterator[str]:
    return (a.attributes.get("href") or "" for a in tree(response).css("a"))


def test_cells_of_the_table_for_spreadsheets_are_no_formulas(
    api: Callable[..., Api], ana: Actor, worked: Mention, clock: Clock
) -> None:
    caller = api(ana)
    made = caller.post("/api/v1/exports/", {"kind": "client", "client": str(worked.client_id)}).json()
    _make(ana.agency_id, clock)
    archive = _opened(caller.browser.get(f"/api/v1/exports/{made['id']}/download/", headers=_signed(caller)))
    (row,) = csv.DictReader(io.StringIO(archive.read("mentions.csv").decode("utf-8-sig")))
    assert (row["text"], row["author"]) == ("'=HYPERLINK(Brightwater)", "Pauls Zariņš")
    (reply,) = csv.DictReader(io.StringIO(archive.read("replies.csv").decode("utf-8-sig")))
    assert (reply["text"], reply["mention"]) == ("Dear Pauls", str(worked.pk))


def _signed(caller: Api) -> dict[str, str]:
    return {"authorization": f"Bearer {caller.token}", "accept": "application/zip"}


@pytest.mark.parametrize("kind", ["client", "author"])
def test_an_export_of_one_holds_nothing_of_another(
    kind: str, api: Callable[..., Api], ana: Actor, worked: Mention, other: Mention, clock: Clock
) -> None:
    caller = api(ana)
    about = str(worked.client_id if kind == "client" else worked.post.author_id)
    made = caller.post("/api/v1/exports/", {"kind": kind, kind: about}).json()
    _make(ana.agency_id, clock)
    ready = caller.get(f"/api/v1/exports/{made['id']}/").json()
    assert (ready["state"], ready[kind], ready["rows"] > 10) == ("ready", about, True)
    archive = _opened(caller.browser.get(f"/api/v1/exports/{made['id']}/download/", headers=_signed(caller)))
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Dear Pauls" in everything
    assert b"Quincewood" not in everything
    assert b"Somebody else" not in everything
    assert {move["move"] for move in _lines(archive, "moves")} == {"claim"}
    assert {entry["action"] for entry in _lines(archive, "activity")} >= {"mention.claimed", "reply.drafted"}


def test_a_file_is_there_for_a_week_or_until_it_is_deleted(
    api: Callable[..., Api], page: Callable[..., Any], ana: Actor, brand: Client, clock: Clock
) -> None:
    caller = api(ana)
    first, second = (
        caller.post("/api/v1/exports/", body).json()["id"]
        for body in ({"kind": "agency"}, {"kind": "client", "client": str(brand.pk)})
    )
    assert caller.get(f"/api/v1/exports/{first}/download/").json()["code"] == "no_file"
    _make(ana.agency_id, clock)
    browser = page(ana)
    follow(
        browser,
        submit(browser, browser.get(f"/settings/data/exports/{second}/delete/"), button="Delete the file"),
    )
    clock.advance(days=7, seconds=1)
    sweep(now=clock.now)
    with tenant(ana.agency_id):
        assert {export.state for export in Export.objects.all()} == {"expired"}
        assert not ExportPart.objects.exists()
    assert caller.get(f"/api/v1/exports/{first}/download/").status_code == 409
    assert [row["state"] for row in caller.get("/api/v1/exports/").json()["results"]] == ["expired"] * 2


def test_an_export_that_breaks_is_tried_again_and_given_up_at_last(
    api: Callable[..., Api], ana: Actor, brand: Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    made = api(ana).post("/api/v1/exports/", {"kind": "agency"}).json()["id"]
    with monkeypatch.context() as patched:
        patched.setattr("workflows.actions.exports.tables", broken)
        make_export(str(ana.agency_id), made)
    assert Alarm.objects.get(kind="export.build").due_at == clock.now + timedelta(seconds=30)
    with tenant(ana.agency_id):
        assert (Export.objects.get().state, ExportPart.objects.count()) == ("queued", 0)
        Export.objects.update(attempts=5)
    make_export(str(ana.agency_id), made)
    with tenant(ana.agency_id):
        assert Export.objects.get().state == "failed"
    assert not Alarm.objects.filter(kind="export.build").exists()


def test_foreign_and_random_things_look_alike_and_managers_export_nothing(
    api: Callable[..., Api], ana: Actor, mara: Actor, cleo: Actor, brand: Client, mention: Mention
) -> None:
    for body in (
        {"kind": "client", "client": str(brand.pk)},
        {"kind": "author", "author": str(mention.post.author_id)},
    ):
        foreign = api(cleo).post("/api/v1/exports/", body)
        unknown = api(cleo).post("/api/v1/exports/", {**body, body["kind"]: str(uuid4())})
        assert foreign.status_code == unknown.status_code == 400
        assert foreign.json()["errors"] == unknown.json()["errors"]
        assert api(mara).post("/api/v1/exports/", body).status_code == 403
    assert api(ana).post("/api/v1/exports/", {"kind": "client"}).status_code == 400
    assert api(ana).post("/api/v1/exports/", {"kind": "agency", "client": str(brand.pk)}).status_code == 400


def test_the_command_writes_the_same_file(ana: Actor, worked: Mention, tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "client.zip"
    call_command("export_data", agency="Northlight", client=str(worked.client_id), output=path, verbosity=0)
    archive = zipfile.ZipFile(path)
    assert [version["text"] for version in _lines(archive, "reply_versions")] == ["Dear Pauls"]


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=40) | st.integers(0, 9)), max_size=20))
def test_what_is_written_to_an_archive_comes_out_of_it(rows: list[dict[str, Any]]) -> None:
    stored: dict[int, bytes] = {}
    archive = Archive(Pieces(stored.__setitem__))
    clean = [row for row in rows if json.dumps(row, ensure_ascii=False).isprintable()]
    archive.json_lines("a.jsonl", iter(clean))
    digest = archive.finish()
    whole = b"".join(stored[number] for number in sorted(stored))
    assert hashlib.sha256(whole).hexdigest() == digest
    read = zipfile.ZipFile(io.BytesIO(whole)).read("a.jsonl")
    assert [json.loads(line) for line in read.splitlines()] == clean


def test_a_large_archive_is_handed_on_in_pieces() -> None:
    sizes: list[int] = []
    archive = Archive(Pieces(lambda number, data: sizes.append(len(data))))
    noise = (hashlib.sha512(bytes([n % 256, n // 256])).hexdigest() * 8 for n in range(6000))
    archive.json_lines("a.jsonl", ({"noise": text} for text in noise))
    archive.finish()
    assert sizes[:-1] == [PIECE] * (len(sizes) - 1)

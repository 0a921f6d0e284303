"""Everything about one mention in one file, which proves itself: it is unpacked, and its own program is run."""

import io
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actions.audit import erase_told
from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.errors import Forbidden
from agency.models import Alarm, AuditEntry
from agency.tenancy import tenant
from clients.models import Client, Contact
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import commit_checks, make_mention
from tests.pages import submit
from workflows import check_evidence
from workflows.actions.decisions import decide
from workflows.actions.moves import claim_mention
from workflows.actions.publications import attest_reply
from workflows.actions.requests import request_approval
from workflows.actions.responses import draft_reply
from workflows.packing import pack
from workflows.queries.evidence import get_evidence, links_from

DORAS = "We're sorry, and it won't happen again."


@pytest.fixture
def answered(mention: Mention, ben: Actor, dora: Contact, clock: Clock) -> Mention:
    """Ben drafts, Dora approves her own wording, Ben posts it by hand and says where."""
    with tenant(ben.agency_id):
        claim_mention(mention.pk, by=ben, seen=1, now=clock.advance(minutes=2))
        version = draft_reply(mention.pk, text="We're sorry.", by=ben, seen=2, now=clock.advance(minutes=1))
        approval = request_approval(mention.pk, by=ben, seen=2, now=clock.now)
    for agency_id, notice in Alarm.objects.filter(kind="notice.send").values_list("agency_id", "subject_id"):
        send_notice(agency_id, notice, clock=lambda: clock.now)
    with tenant(ben.agency_id):
        decide(
            approval.pk,
            contact=dora,
            verdict="edit",
            text=DORAS,
            read_digest=version.digest,
            address="192.0.2.9",
            now=clock.advance(minutes=10),
        )
    sweep(now=clock.advance(minutes=2))
    with tenant(ben.agency_id):
        url = "https://forum.example/posts/1#reply"
        return attest_reply(mention.pk, url=url, by=ben, seen=None, now=clock.advance(minutes=5))


def packed(mention: Mention, by: Actor, clock: Clock) -> bytes:
    commit_checks()
    with tenant(by.agency_id):
        evidence = get_evidence(mention.pk, by=by, now=clock.now)
        file, _ = pack(evidence, links_from(evidence.first))
        with file:
            return file.read()


@pytest.fixture
def folder(answered: Mention, mara: Actor, clock: Clock, tmp_path: Path) -> Path:
    with ZipFile(io.BytesIO(packed(answered, mara, clock))) as archive:
        archive.extractall(tmp_path / "pack")
    return tmp_path / "pack"


def run_check(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "check.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """As `run_check`, without a process of its own."""
    monkeypatch.setattr(check_evidence, "__file__", str(folder / "check.py"))
    status = check_evidence.main()
    return status, capsys.readouterr().out


def test_a_pack_holds_what_was_known_and_done(folder: Path) -> None:
    status, said = run_check(folder)
    assert (status, said.splitlines()[0][:11]) == (0, "This holds:")
    mention = orjson.loads((folder / "mention.json").read_bytes())
    history = orjson.loads((folder / "history.json").read_bytes())
    assert mention["post"]["text"].startswith("Brightwater was closed again")
    assert mention["state"] == "responded"
    assert [move["move"] for move in history["transitions"]] == ["claim", "submit", "approve", "respond"]
    assert [version["text"] for version in history["versions"]] == ["We're sorry.", DORAS]
    assert history["decisions"][0]["address"] == "192.0.2.9"
    assert {notice["to"] for notice in history["notices"]} == {
        "dora@brightwater.example",
        "ben@northlight.example",
    }
    assert len(history["links"]) == 1
    assert history["ledger"]["sentence"].startswith("40 min")
    story = (folder / "history.txt").read_text()
    assert "Dora decided: edit (effective)" in story
    assert DORAS in story


def test_a_pack_discloses_nothing_of_other_mentions_and_opens_nothing(
    answered: Mention, mara: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(mara.agency_id):
        other = make_mention(brand, now=clock.now, text="Brightwater xanadu", author="Somebody else")
        claim_mention(other.pk, by=mara, seen=1, now=clock.now)
    with ZipFile(io.BytesIO(packed(answered, mara, clock))) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert str(other.pk) not in whole
    assert "xanadu" not in whole
    assert "/approve/" not in whole


def test_the_same_evidence_is_the_same_file(answered: Mention, mara: Actor, clock: Clock) -> None:
    assert packed(answered, mara, clock) == packed(answered, mara, clock)


def test_one_byte_changed_anywhere_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(20260306)  # noqa: S311
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        for place in {0, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(12))}:
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            status, said = checked(folder, monkeypatch, capsys)
            assert status == 1, f"{file.name} at {place}"
            assert file.name in said or file.name == "SHA256SUMS", f"{file.name} at {place}: {said}"
        file.write_bytes(whole)
    assert checked(folder, monkeypatch, capsys)[0] == 0


def test_its_own_program_ends_with_1(folder: Path) -> None:
    story = folder / "history.txt"
    story.write_bytes(story.read_bytes() + b"Ben was rude.\n")
    assert run_check(folder) == (1, "THIS DOES NOT HOLD. history.txt isn't the file that was packed.\n")
    shutil.copy(folder / "history.json", story)
    story.unlink()
    assert run_check(folder) == (1, "THIS DOES NOT HOLD. history.txt is missing.\n")


def _sum_again(folder: Path) -> None:
    sums = [
        f"{check_evidence.sha256((folder / name).read_bytes())}  {name}\n" for name in check_evidence.FILES
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))


TAMPERED = [
    ("history.json", DORAS, "We never answered.", "history.json: version 2 isn't what its digest says."),
    ("history.json", '"move": "claim"', '"move": "dismiss"', "history.json: the log has no move 2, dismiss."),
    (
        "history.json",
        '"verdict": "edit"',
        '"verdict": "approve"',
        "a decision that the log tells of is left out",
    ),
    ("mention.json", "at nine", "at ten", "mention.json: the post's text isn't the one that was seen."),
    ("audit.jsonl", "192.0.2.9", "192.0.2.8", "who of entry"),
    ("audit.jsonl", "mention.claimed", "mention.dismissed", "audit.jsonl, line 1: entry"),
]


def test_who_also_writes_the_sums_anew_is_found_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, old, new, said in TAMPERED:
        file = folder / name
        text = file.read_text()
        assert old in text, (name, old)
        file.write_text(text.replace(old, new))
        _sum_again(folder)
        status, told = checked(folder, monkeypatch, capsys)
        assert (status, said in told) == (1, True), told
        file.write_text(text)


def test_a_link_taken_out_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = folder / "chain.jsonl"
    lines = chain.read_bytes().splitlines(keepends=True)
    for place in range(1, len(lines) - 1):
        chain.write_bytes(b"".join(lines[:place] + lines[place + 1 :]))
        _sum_again(folder)
        status, told = checked(folder, monkeypatch, capsys)
        assert status == 1
        assert "is missing" in told


def test_erased_text_leaves_the_rest_provable(
    answered: Mention, mara: Actor, dora: Contact, clock: Clock, tmp_path: Path
) -> None:
    with tenant(mara.agency_id):
        assert erase_told([dora.pk]) > 0
    with ZipFile(io.BytesIO(packed(answered, mara, clock))) as archive:
        archive.extractall(tmp_path)
        assert "Dora" not in archive.read("audit.jsonl").decode()
    status, said = run_check(tmp_path)
    assert status == 0, said
    assert "(0 with erased text)" not in said


# Its doors -----------------------------------------------------------------------------------------------------


def test_a_manager_takes_it_from_the_page_and_that_is_noted(
    page: Callable[[Actor], Browser], mara: Actor, answered: Mention
) -> None:
    commit_checks()
    browser = page(mara)
    answer = submit(browser, browser.get(f"/mentions/{answered.pk}/"), button="Evidence pack")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="evidence-{answered.pk}.zip"'
    with ZipFile(io.BytesIO(answer.getvalue())) as archive:
        digest = check_evidence.sha256(archive.read("SHA256SUMS"))
    with tenant(mara.agency_id):
        taken = AuditEntry.objects.get(action="evidence.taken", subject_id=answered.pk)
    assert (taken.actor_name, taken.details["sha256"]) == ("Mara", digest)


def test_responders_have_no_way_to_it(
    page: Callable[[Actor], Browser], ben: Actor, answered: Mention
) -> None:
    browser = page(ben)
    assert "Evidence pack" not in browser.get(f"/mentions/{answered.pk}/").content.decode()
    assert browser.post(f"/mentions/{answered.pk}/evidence/").status_code == 403


def test_programs_take_it_too(api: Callable[..., Api], mara: Actor, cleo: Actor, answered: Mention) -> None:
    commit_checks()
    answer = api(mara).post(f"/api/v1/mentions/{answered.pk}/evidence/")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.getvalue().startswith(b"PK")
    assert api(cleo).post(f"/api/v1/mentions/{answered.pk}/evidence/").status_code == 404


def test_the_command_writes_it_to_a_file(answered: Mention, tmp_path: Path, cleo: Actor) -> None:
    commit_checks()
    target, said = tmp_path / "pack.zip", io.StringIO()
    call_command("evidence_pack", answered.pk, agency=answered.agency_id, output=target, stdout=said)
    assert "python3 check.py" in said.getvalue()
    with ZipFile(target) as archive:
        assert archive.testzip() is None
    with pytest.raises(CommandError, match="nothing here"):
        call_command("evidence_pack", answered.pk, agency=cleo.agency_id, output=target)


def test_evidence_needs_the_right_to_the_log(ben: Actor, answered: Mention, clock: Clock) -> None:
    with tenant(ben.agency_id), pytest.raises(Forbidden):
        get_evidence(answered.pk, by=ben, now=clock.now + timedelta(days=1))

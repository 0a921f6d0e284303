"""A client that openapi-python-client makes of the served document works against the served application."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from agency import clock
from agency.actions.keys import make_key
from agency.models import Membership
from agency.queries.people import actor_of_member
from agency.rights import Right
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from mentions.actions.listening import set_query
from tests.live import serve
from tests.making import make_mention
from workflows.actions.onboarding import open_agency

NAME = "earshot_client"
Call = Callable[..., Any]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder of the client, made of what an installation serves; it can be imported by its name."""
    folder = tmp_path_factory.mktemp("generated")
    with serve() as address:
        document = httpx.get(f"{address}/api/schema/", timeout=60)
    (folder / "openapi.json").write_bytes(document.raise_for_status().content)
    # It would format what it made, for readers: nobody reads it here. Files are bytes, whatever their kind.
    (folder / "config.yaml").write_text(
        "post_hooks: []\ncontent_type_overrides: {application/zip: application/octet-stream}\n"
    )
    command = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    command += ["--path", "openapi.json", "--config", "config.yaml", "--output-path", NAME]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield str(folder / NAME)


@pytest.fixture
def token(committed: None) -> str:
    """A key of an agency with a client, who is asked by mail, and five mentions of it."""
    now = clock.now()
    agency, owner = open_agency(
        name="Northlight",
        time_zone="Europe/Riga",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=now,
        invite=False,
    )
    ana = actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))
    with tenant(agency.pk):
        client = create_client(name="Brightwater", time_zone="Europe/Riga", language="en", by=ana, now=now)
        add_contact(
            client=client, name="Dora", email="dora@brightwater.example", parts=["approver"], by=ana, now=now
        )
        set_query(client=client, any_terms=["Brightwater"], by=ana, now=now)
        for number in range(5):
            make_mention(client, now=now, text=f"Brightwater was closed again, for the {number}th time.")
        _, token = make_key(name="A client's key", rights=list(Right), expires_at=None, by=ana, now=now)
    return token


def _part(*names: str) -> ModuleType:
    return importlib.import_module(".".join((NAME, *names)))


def _call(tag: str, name: str) -> Call:
    """Waits for the answer, and gives what its body says."""
    call: Call = _part("api", tag, name).sync
    return call


def _cursor(page: Any) -> str:
    return parse_qs(urlsplit(page.next_).query)["cursor"][0]


def test_it_lists_works_and_makes_and_reads_problems(package: str, token: str) -> None:
    models = _part("models")
    assert _made_up(package) == []
    with serve() as address, _part().AuthenticatedClient(base_url=address, token=token) as client:
        _works(models, client)
        _is_refused(models, client)
        _makes(models, client)


def _made_up(package: str) -> list[str]:
    """Names that no person gave: of things in the document that have none."""
    parts = ("type_0", "type_1", "_item", "anon", "patched", "_enum")
    return [
        path.stem for path in Path(package, "models").glob("*.py") if any(part in path.stem for part in parts)
    ]


def _works(models: ModuleType, client: Any) -> None:
    """From a page of the list to the client's decision."""
    new = [models.MentionState.NEW]
    first = _call("mentions", "list_mentions")(client=client, state=new, limit=3)
    rest = _call("mentions", "list_mentions")(client=client, state=new, limit=3, cursor=_cursor(first))
    assert (len(first.results), len(rest.results), rest.next_) == (3, 2, None)
    assert len({row.id for row in (*first.results, *rest.results)}) == 5

    row = first.results[0]
    assert isinstance(row.id, UUID)
    claimed = _call("mentions", "claim_mention")(
        row.id, client=client, body=models.ClaimInput(version=row.version)
    )
    assert claimed.state is models.MentionState.CLAIMED
    drafted = _call("replies", "draft_reply")(
        row.id,
        client=client,
        body=models.DraftInput(text="We're sorry, Pauls.", kind=models.ReplyKind.APOLOGY),
        if_match=f'"{claimed.version}"',
        idempotency_key="4f1c9d0e-7f0b-4c7a-9a53-0e0d7c1f6b1a",
    )
    asked = _call("replies", "submit_reply")(
        row.id, client=client, body=models.SeenInput(version=drafted.version)
    )
    assert asked.state is models.MentionState.AWAITING_CLIENT
    got = _call("mentions", "get_mention")(row.id, client=client)
    assert got.response.versions[-1].text == "We're sorry, Pauls."
    assert got.approval.state is models.ApprovalState.OPEN


def _is_refused(models: ModuleType, client: Any) -> None:
    row = _call("mentions", "list_mentions")(client=client, limit=1).results[0]
    late = _call("mentions", "claim_mention")(row.id, client=client, body=models.ClaimInput(version=99))
    assert isinstance(late, models.Problem)
    assert (late.code, late.status) == ("mention_moved_on", 409)
    nameless = _call("clients", "create_client")(client=client, body=models.ClientInput("", "Nowhere", "et"))
    assert [fault.pointer for fault in nameless.errors] == ["/name"]


def _makes(models: ModuleType, client: Any) -> None:
    wanted = models.ClientInput(name="Tallinn Tea", time_zone="Europe/Tallinn", language="et")
    made = _part("api", "clients", "create_client").sync_detailed(client=client, body=wanted)
    assert (made.status_code, made.parsed.name) == (201, "Tallinn Tea")
    assert made.headers["Location"].endswith(f"/api/v1/clients/{made.parsed.id}/")

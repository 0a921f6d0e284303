"""What is erased leaves nothing but counts, and leaves everybody else's data byte for byte as it was."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from django.test import Client as Browser

from agency.actions.members import add_member
from agency.actor import Actor
from agency.models import Agency, AuditEntry, Erasure, Export, Membership
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.clients import archive_client, create_client
from clients.models import Client
from mentions.actions.listening import set_query
from mentions.models import Author, ForgottenAuthor, Mention, Post, Tally
from tests.contracts.world import World, make_world
from tests.dumps import dump, holding
from tests.fixtures import Clock
from tests.making import make_mention
from workflows.actions import deletion
from workflows.actions.erasing import erase
from workflows.actions.erasures import request_erasure
from workflows.actions.exports import build_export, request_export
from workflows.actions.moves import claim_mention
from workflows.actions.onboarding import open_agency
from workflows.actions.responses import draft_reply

pytestmark = pytest.mark.usefixtures("committed")
TWIN = "Tezcatlipoca"


@dataclass(frozen=True)
class Small:
    """An agency with nothing in it but its owner."""

    agency_id: UUID
    owner: Actor


@pytest.fixture
def xanadu(committed: None, clock: Clock) -> World:
    return _world("xanadu", clock)


@pytest.fixture
def byzantium(committed: None, clock: Clock) -> World:
    return _world("byzantium", clock)


def _world(mark: str, clock: Clock) -> World:
    world = make_world(mark, now=clock.now)
    with tenant(world.agency_id):
        Export.objects.update(state=Export.State.EXPIRED)  # a plain row, which nobody asked for
    return world


def _users(world: World) -> list[UUID]:
    return list(Membership.objects.filter(agency=world.agency_id).values_list("user", flat=True))


def _twin(world: World | Small, clock: Clock) -> UUID:
    """The same account posted in both agencies, about a client of the same name; the author's id."""
    by, now = world.owner, clock.now
    with tenant(world.agency_id):
        client = create_client(name="Twin & Co", time_zone="UTC", language="en", by=by, now=now)
        set_query(client=client, any_terms=["Twin"], by=by, now=now)
        first, _ = (
            make_mention(client, now=now, text=f"Twin was {what}, says {TWIN}", author=TWIN)
            for what in ("a", "b")
        )
        claim_mention(first.pk, by=by, seen=None, now=now)
        draft_reply(first.pk, text=f"Dear {TWIN}, we are sorry.", by=by, seen=None, now=now)
        author: UUID = first.post.author_id
    return author


def _export(world: World | Small, kind: str, about_id: UUID | None, clock: Clock) -> UUID:
    with tenant(world.agency_id):
        export = request_export(kind=kind, about_id=about_id, by=world.owner, now=clock.now)
    build_export(world.agency_id, export.pk, clock=lambda: clock.now)
    return export.pk


def _ask(world: World | Small, kind: str, about_id: UUID | None, name: str, clock: Clock) -> Erasure:
    with tenant(world.agency_id):
        return request_erasure(
            kind=kind, about_id=about_id, confirm=name, reason="asked", by=world.owner, now=clock.now
        )


def _erase(world: World | Small, erasure: Erasure, clock: Clock) -> bool:
    return erase(world.agency_id, erasure.pk, clock=lambda: clock.now)


def test_author_client_and_agency_go_whole_and_the_other_agency_stays_byte_for_byte(
    xanadu: World, byzantium: World, clock: Clock
) -> None:
    """One story, because whole agencies take a while to make: each step leaves less of one, and all of the other."""
    _an_erased_author_is_nowhere_and_the_same_account_elsewhere_stays(xanadu, byzantium, clock)
    _an_erased_client_is_nowhere_and_leaves_counts(xanadu, byzantium, clock)
    _an_erased_agency_is_nowhere(xanadu, byzantium, clock)


def _an_erased_author_is_nowhere_and_the_same_account_elsewhere_stays(
    xanadu: World, byzantium: World, clock: Clock
) -> None:
    author, other = _twin(xanadu, clock), _twin(byzantium, clock)
    exports = [_export(xanadu, "author", author, clock), _export(xanadu, "agency", None, clock)]
    people = _users(byzantium)
    before = dump(byzantium.agency_id, people)
    assert holding(TWIN).keys() >= {
        "mentions_author",
        "mentions_post",
        "workflows_version",
        "agency_auditentry",
    }
    erasure = _ask(xanadu, "author", author, TWIN, clock)
    assert _erase(xanadu, erasure, clock)
    assert dump(byzantium.agency_id, people) == before
    left = {
        table: [row for row in rows if str(xanadu.agency_id) in row] for table, rows in holding(TWIN).items()
    }
    assert {table: rows for table, rows in left.items() if rows} == {}
    with tenant(xanadu.agency_id):
        assert not Author.objects.filter(pk=author).exists()
        assert {e.state for e in Export.objects.filter(pk__in=exports)} == {"expired"}
        done = Erasure.objects.get(pk=erasure.pk)
        assert (done.state, done.counts["mentions"], done.counts["posts"]) == ("done", 2, 2)
        assert {t.state: t.mentions for t in Tally.objects.all()} == {"new": 1, "claimed": 1}
        assert ForgottenAuthor.objects.get(erasure_id=erasure.pk).by_name == xanadu.owner.name
    with tenant(byzantium.agency_id):
        assert Post.objects.filter(author=other).count() == 2


def _an_erased_client_is_nowhere_and_leaves_counts(xanadu: World, byzantium: World, clock: Clock) -> None:
    client_id, mark = xanadu.one.ids["client_id"], xanadu.one.mark
    _export(xanadu, "client", client_id, clock)
    people = _users(byzantium)
    with tenant(xanadu.agency_id):
        client = Client.objects.get(pk=client_id)
        archive_client(client, by=xanadu.owner, now=clock.now)
        mentions = Mention.objects.filter(client=client).count()
    before, second = dump(byzantium.agency_id, people), _of_second(xanadu)
    erasure = _ask(xanadu, "client", client_id, client.name, clock)
    assert _erase(xanadu, erasure, clock)
    assert dump(byzantium.agency_id, people) == before
    assert holding(mark) == {}
    assert _of_second(xanadu) == second
    with tenant(xanadu.agency_id):
        assert sum(t.mentions for t in Tally.objects.filter(client_id=client_id)) == mentions > 0
        limited = Membership.objects.get(pk=xanadu.members["limited:manager"].id)
        assert limited.client_ids == []  # to nobody, and not to everybody
        assert AuditEntry.objects.filter(action="data.erased", subject_id=erasure.pk).exists()


def _of_second(world: World) -> dict[str, int]:
    return {table: len(rows) for table, rows in holding(world.two.mark).items()}


def _an_erased_agency_is_nowhere(xanadu: World, byzantium: World, clock: Clock) -> None:
    _export(xanadu, "agency", None, clock)
    _export(byzantium, "agency", None, clock)
    with tenant(byzantium.agency_id):  # works for both
        both = add_member(
            email="analyst@xanadu.example",
            name="x",
            role="analyst",
            by=byzantium.owner,
            now=clock.now,
            invite=False,
        )
    browsers = [_signed_in(world) for world in (xanadu, byzantium)]
    people = [user for user in _users(byzantium) if user != both.user_id]
    before = dump(byzantium.agency_id, people)
    assert sum(map(len, before.values())) > 20_000
    agency = Agency.objects.get(pk=xanadu.agency_id)
    erasure = _ask(xanadu, "agency", None, agency.name, clock)
    assert not _erase(xanadu, erasure, clock)
    assert Agency.objects.filter(pk=xanadu.agency_id).exists()
    clock.advance(days=7, seconds=1)
    assert _erase(xanadu, erasure, clock)
    assert dump(byzantium.agency_id, people) == before
    held = holding("xanadu", *xanadu.every_id, str(xanadu.agency_id))
    # Who works for the other agency too keeps their own account.
    assert set(held) <= {"agency_user", "agency_membership", "agency_auditentry", "account_emailaddress"}
    assert all(str(both.user_id) in row or "analyst@xanadu" in row for rows in held.values() for row in rows)
    assert [browser.get("/clients/").status_code for browser in browsers] == [302, 200]


def _signed_in(world: World) -> Browser:
    browser = Browser()
    user = Membership.objects.select_related("user").get(pk=world.owner.id).user
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/clients/").status_code == 200
    return browser


@pytest.fixture
def small(committed: None, clock: Clock) -> Small:
    agency, owner = open_agency(
        name="small",
        time_zone="UTC",
        owner_email="o@small.example",
        owner_name="Ana",
        now=clock.now,
        invite=False,
    )
    member = Membership.objects.select_related("user").get(pk=owner.pk)
    return Small(agency.pk, actor_of_member(member))


def test_an_erasure_that_breaks_off_goes_on_where_it_was(
    small: Small, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = _twin(small, clock)
    monkeypatch.setattr(deletion, "BATCH", 1)
    erasure = _ask(small, "author", author, TWIN, clock)
    posts, steps = deletion.delete_orphans, iter([True, False])

    def once(found: Iterable[UUID]) -> Counter[str]:
        if next(steps):
            return posts(found)
        raise RuntimeError("killed")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="killed"):
        patched.setattr(deletion, "delete_orphans", once)
        _erase(small, erasure, clock)
    with tenant(small.agency_id):
        assert Mention.objects.filter(post__author_id=author).count() == 1
    assert _erase(small, erasure, clock)
    with tenant(small.agency_id):
        assert Erasure.objects.get(pk=erasure.pk).counts["mentions"] == 2
    assert holding(TWIN) == {}


def test_an_export_that_is_being_made_meanwhile_does_not_survive(small: Small, clock: Clock) -> None:
    author = _twin(small, clock)
    export = _export(small, "agency", None, clock)
    erasure = _ask(small, "author", author, TWIN, clock)
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"]) as maker:
        maker.execute("SELECT 1 FROM agency_export WHERE id = %s FOR UPDATE", [export])
        assert not _erase(small, erasure, clock)
        with tenant(small.agency_id):
            assert Erasure.objects.get(pk=erasure.pk).state == "running"
    clock.advance(seconds=30)
    assert _erase(small, erasure, clock)
    with tenant(small.agency_id):
        assert Export.objects.get(pk=export).state == "expired"

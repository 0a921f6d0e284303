"""What acts on a mention's own facts is answered with the mention as the list shows it, read by one statement."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.errors import Forbidden, NotFound
from agency.models import ApiKey, Membership
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from mentions.actions.describing import describe_missing
from mentions.models import Mention, Post
from mentions.words import State
from tests.fixtures import Api, Clock
from tests.making import make_mention
from workflows.queries.inbox import COLUMNS, EXCERPT, get_row

LISTED = f"/api/v1/mentions/?limit=200&state={','.join(State.values)}"
THEIRS = "https://forum.example/posts/1#brightwater"
LONG = "Brightwater was closed again, I hate this awful “café” – 😡 – so much. " * 12


class Desk:
    """Somebody who moves one mention by what the last answer said, and compares each with the list."""

    def __init__(self, key: Api, mention: Mention) -> None:
        self.key, self.pk, self.version = key, str(mention.pk), 1

    def row(self) -> dict[str, Any]:
        (found,) = [row for row in self.key.get(LISTED).json()["results"] if row["id"] == self.pk]
        return dict(found)

    def does(self, name: str, *, method: str = "POST", **body: Any) -> dict[str, Any]:
        answer = self.key.call(
            method, f"/api/v1/mentions/{self.pk}/{name}/", {"version": self.version, **body}
        )
        assert answer.status_code == 200, answer.content
        said: dict[str, Any] = answer.json()
        self.version = said["version"]
        assert (answer.headers["ETag"], answer.headers["Vary"]) == (f'"{self.version}"', "Prefer")
        assert said == self.row()
        assert list(said) == list(self.row())
        return said

    def does_everything(self, *, assignee: Actor) -> None:
        """Each of the eight calls, and some of them again where nothing changes or much has happened before."""
        assert self.does("claim")["state"] == "claimed"
        assert self.does("assign", assignee=str(assignee.id))["assignee"]["name"] == assignee.name
        urgent = self.does("priority", priority="urgent")
        assert self.does("priority", priority="urgent") == urgent
        assert self.does("sentiment", method="PUT", sentiment="neutral")["sentiment_corrected"] is True
        assert self.does("sentiment", method="PUT", sentiment=None)["sentiment_corrected"] is False
        assert self.does("release")["assignee"] is None
        closed = self.does("dismiss", reason="spam", note="Twice")
        assert (closed["dismiss_reason"], closed["turn"], closed["due_at"]) == ("spam", None, None)
        assert self.does("sentiment", method="PUT", sentiment="positive")["state"] == "dismissed"
        assert self.does("reopen", note="Not spam")["turn"] == "agency"
        answered = self.does("answered", url=THEIRS, at="2026-03-06T17:00:00Z")
        assert (answered["external"], answered["answer_url"], answered["turn"]) == (True, THEIRS, None)
        assert self.does("reopen")["state"] == "claimed"


@pytest.fixture
def mention(brand: Client, clock: Clock) -> Mention:
    """Of which the list shows a part: its text is too long for an excerpt."""
    with tenant(brand.agency_id):
        made = make_mention(brand, now=clock.now, text=LONG)
        describe_missing()
    return made


def test_each_move_is_answered_with_the_row_of_the_list(
    api: Callable[..., Api], mara: Actor, brand: Client, mention: Mention, clock: Clock
) -> None:
    with tenant(brand.agency_id):
        make_mention(brand, now=clock.now, text="Brightwater, another one", author="Somebody else")
    desk = Desk(api(mara), mention)
    desk.does_everything(assignee=mara)
    row = desk.row()
    assert row["post"]["excerpt"] == LONG[:EXCERPT]
    whole = desk.key.get(f"/api/v1/mentions/{mention.pk}/").json()
    assert {name: whole[name] for name in row if name != "post"} == {
        name: value for name, value in row.items() if name != "post"
    }


def test_a_post_of_which_little_is_known_is_shown_as_the_list_shows_it(
    api: Callable[..., Api], ben: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(brand.agency_id):
        made = make_mention(brand, now=clock.now, text="ok")
        Post.objects.filter(pk=made.post_id).update(author=None, url="", title="")
    said = Desk(api(ben), made).does("claim")
    assert [said["post"][name] for name in ("author", "author_id", "url", "language")] == [
        "",
        None,
        None,
        None,
    ]


# Who sees some clients only ---------------------------------------------------------------------------------


@pytest.fixture
def theirs(ana: Actor, clock: Clock) -> Mention:
    """Of another client."""
    with tenant(ana.agency_id):
        other = create_client(name="Harbour Books", time_zone="UTC", language="en", by=ana, now=clock.now)
        return make_mention(other, now=clock.now, text="Harbour Books closed early")


def test_a_key_for_some_clients_gets_the_row_of_theirs_and_nothing_of_others(
    api: Callable[..., Api], ana: Actor, brand: Client, mention: Mention, theirs: Mention
) -> None:
    key = api(ana)
    ApiKey.objects.filter(prefix=key.token.split("_")[1]).update(client_ids=[brand.pk])
    Desk(key, mention).does_everything(assignee=ana)
    assert key.post(f"/api/v1/mentions/{theirs.pk}/claim/", {"version": 1}).status_code == 404


def test_a_member_for_some_clients_gets_the_row_of_theirs(
    api: Callable[..., Api], ben: Actor, brand: Client, mention: Mention, theirs: Mention
) -> None:
    key = api(ben)
    Membership.objects.filter(pk=ben.id).update(client_ids=[brand.pk])
    Desk(key, mention).does_everything(assignee=ben)
    body = {"version": 1, "sentiment": "neutral"}
    assert key.put(f"/api/v1/mentions/{theirs.pk}/sentiment/", body).status_code == 404


def test_a_row_is_found_by_who_sees_its_client_alone(
    ana: Actor, cleo: Actor, brand: Client, mention: Mention, theirs: Mention, clock: Clock
) -> None:
    columns = sorted(COLUMNS)
    with tenant(cleo.agency_id):
        acorn = create_client(name="Acorn", time_zone="UTC", language="en", by=cleo, now=clock.now)
        cleos = make_mention(acorn, now=clock.now)
    for _ in range(2):  # compiled, and remembered
        for clients, seen in (
            (None, {mention.pk, theirs.pk}),
            (frozenset({brand.pk}), {mention.pk}),
            (frozenset({theirs.client_id}), {theirs.pk}),
            (frozenset(), set()),
        ):
            with tenant(ana.agency_id, clients=clients):
                for pk in (mention.pk, theirs.pk):
                    if pk in seen:
                        row = dict(zip(columns, get_row(pk, by=ana, columns=columns), strict=False))
                        assert row["id"] == pk
                    else:
                        with pytest.raises(NotFound):
                            get_row(pk, by=ana, columns=columns)
        with tenant(cleo.agency_id):
            assert cleos.pk in get_row(cleos.pk, by=cleo, columns=columns)
            with pytest.raises(NotFound):
                get_row(mention.pk, by=cleo, columns=columns)


def test_who_may_not_read_is_told_the_version_alone_or_nothing_is_done(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    blind = api(ben, "respond")
    address = f"/api/v1/mentions/{mention.pk}/claim/"
    assert blind.post(address, {"version": 1}).status_code == 403
    with tenant(ben.agency_id):
        assert Mention.objects.get(pk=mention.pk).version == 1
        with pytest.raises(Forbidden):
            get_row(mention.pk, by=replace(ben, rights=frozenset()), columns=("id",))
    assert blind.post(address, {"version": 1}, Prefer="return=minimal").status_code == 204


# What it costs ----------------------------------------------------------------------------------------------


def test_it_is_one_statement_more_than_the_version_alone(
    api: Callable[..., Api], ben: Actor, brand: Client, clock: Clock
) -> None:
    key = api(ben)
    key.get("/api/v1/me/")  # the first use of a key in a minute is noted
    with tenant(ben.agency_id):
        mentions = [make_mention(brand, now=clock.now) for _ in range(4)]
    moves: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", "claim", {}),
        ("POST", "assign", {"assignee": str(ben.id)}),
        ("POST", "priority", {"priority": "high"}),
        ("PUT", "sentiment", {"sentiment": "neutral"}),
        ("POST", "release", {}),
        ("POST", "dismiss", {"reason": "spam"}),
        ("POST", "reopen", {}),
        ("POST", "answered", {"url": THEIRS, "at": "2026-03-06T17:00:00Z"}),
    )

    def asked(mention: Mention, **headers: str) -> dict[str, list[str]]:
        taken = {}
        for version, (method, name, body) in enumerate(moves, start=1):
            address = f"/api/v1/mentions/{mention.pk}/{name}/"
            with CaptureQueriesContext(connection) as queries:
                answer = key.call(method, address, body, **{"If-Match": f'"{version}"'}, **headers)
            assert answer.status_code in {200, 204}, answer.content
            taken[name] = [query["sql"] for query in queries.captured_queries]
        return taken

    for mention in mentions[:2]:  # what a process learns once
        asked(mention)
    minimal, row = asked(mentions[2], Prefer="return=minimal"), asked(mentions[3])
    assert {name: len(row[name]) - len(minimal[name]) for name in row} == dict.fromkeys(row, 1)
    for name, statements in row.items():
        assert len([sql for sql in statements if "JOIN mentions_post AS post" in sql]) == 1, name
        assert not [sql for sql in minimal[name] if "mentions_post AS post" in sql], name

"""Links that need no account: living ones open their own client's matter, and all others look like one another."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from agency.tenancy import tenant
from tests.contracts import flaws
from tests.contracts.callers import Caller, make_caller
from tests.contracts.world import Part, World
from tests.fixtures import FRIDAY_EVENING
from workflows.models import Version

Worlds = tuple[World, World]
DEAD = ("expired", "revoked", "left", "forged", "short", "shaped")
# (page, what follows the token, method)
KNOCKS = [
    *(("approve", "", method) for method in ("GET", "HEAD", "OPTIONS", "POST")),
    ("approve", "undo/", "POST"),
    ("approve", "fresh/", "POST"),
    *(("see", "", method) for method in ("GET", "HEAD", "OPTIONS", "POST")),
    ("see", "fresh/", "POST"),
    *(("alert", "", method) for method in ("GET", "HEAD", "OPTIONS", "POST")),
]


@pytest.fixture
def stranger(worlds: Worlds) -> Caller:
    return make_caller("anonymous", *worlds, now=FRIDAY_EVENING)


def links(part: Part, page: str) -> dict[str, str]:
    return {"approve": part.tokens, "see": part.views, "alert": part.alerts}[page]


def dead_links(world: World, page: str = "approve") -> Iterator[tuple[str, str]]:
    """Every way in which a link can be none."""
    tokens = links(world.one, page)
    forged = {
        "forged": secrets.token_urlsafe(32),
        "short": "zzzz-zzzz",
        # The living one with another end: as near as one can come by guessing.
        "shaped": tokens["live"][:-4] + ("AAAA" if not tokens["live"].endswith("AAAA") else "BBBB"),
    }
    for name in DEAD:
        yield name, forged.get(name) or tokens[name]


def said(caller: Caller, method: str, page: str, token: str, rest: str) -> Any:
    body = {"verdict": "approve", "seen": "x", "text": "I wrote this"}
    answer = caller.knock(method, f"/{page}/{token}/{rest}", body, is_api=False)
    status, text, headers = flaws.said(answer)
    return (
        status,
        text.replace(token, "TOKEN"),
        [(name, value.replace(token, "TOKEN")) for name, value in headers if name != "content-length"],
    )


@pytest.mark.parametrize(("page", "rest", "method"), KNOCKS)
def test_links_that_lead_nowhere_look_alike(
    worlds: Worlds, stranger: Caller, page: str, rest: str, method: str
) -> None:
    answers = {
        f"{world.mark}, {name}": said(stranger, method, page, token, rest)
        for world in worlds
        for name, token in dead_links(world, page)
    }
    assert len({repr(answer) for answer in answers.values()}) == 1, answers
    # A page that is asked for isn't there; asking for a fresh link is always taken; what pages take is no secret.
    expected = {
        "GET": {404},
        "HEAD": {404},
        "OPTIONS": {200},
        "POST": {404, 405} if rest != "fresh/" else {200},
    }
    assert {answer[0] for answer in answers.values()} <= expected[method]


@pytest.mark.parametrize("page", ["approve", "see", "alert"])
def test_a_living_link_shows_its_own_client_alone(worlds: Worlds, stranger: Caller, page: str) -> None:
    own, foreign = worlds
    for world, others in ((own, (own.two.mark, foreign.mark)), (foreign, (foreign.two.mark, own.mark))):
        shown = stranger.knock("GET", f"/{page}/{links(world.one, page)['live']}/", is_api=False)
        text = shown.body.decode().lower()
        assert (shown.status_code, world.one.mark in text) == (200, True)
        assert [mark for mark in others if mark in text] == []
        elsewhere = {str(pk) for pk in world.two.ids.values()} | (foreign if world is own else own).every_id
        assert set(flaws.UUID.findall(text)) & elsewhere == set()


@pytest.mark.parametrize(
    ("page", "other"), [("approve", "see"), ("see", "approve"), ("alert", "see"), ("see", "alert")]
)
def test_a_link_of_one_kind_is_none_of_the_other(
    worlds: Worlds, stranger: Caller, page: str, other: str
) -> None:
    token = links(worlds[0].one, page)["live"]
    assert stranger.knock("GET", f"/{other}/{token}/", is_api=False).status_code == 404


def test_a_living_link_is_no_key_to_anything_else(worlds: Worlds, stranger: Caller) -> None:
    """As a bearer's token, as an API key, or beside another's: it opens its own address only."""
    token = worlds[0].one.tokens["live"]
    for scheme in (token, f"esk_{token[:10]}_{token}"):
        answer = Caller("link", *worlds, rights=None, token=scheme).knock("GET", "/api/v1/me/", is_api=True)
        assert answer.status_code == 401
    for path in ("/", "/clients/", "/activity/"):
        assert stranger.knock("GET", f"{path}?token={token}", is_api=False).status_code == 302


@pytest.mark.parametrize("rest", ["", "undo/"])
def test_a_link_decides_nothing_but_its_own_request(worlds: Worlds, stranger: Caller, rest: str) -> None:
    """Not with the digest of another client's text, and not with another agency's."""
    own, foreign = worlds
    for world, part in ((own, own.two), (foreign, foreign.one)):
        with tenant(world.agency_id):
            digest = Version.objects.filter(response__mention_id=part.ids["worked_id"]).values_list(
                "digest", flat=True
            )[0]
        body = {"verdict": "approve", "seen": digest}
        answer = stranger.knock("POST", f"/approve/{own.one.tokens['live']}/{rest}", body, is_api=False)
        assert answer.status_code == (409 if not rest else 303)


def test_signing_in_elsewhere_adds_nothing_to_a_link(worlds: Worlds) -> None:
    """A rival's owner who got hold of our link sees what its holder sees, and none of it in their own agency's name."""
    rival = make_caller("rival:owner", *worlds, now=FRIDAY_EVENING)
    stranger = make_caller("anonymous", *worlds, now=FRIDAY_EVENING)
    path = f"/approve/{worlds[0].one.tokens['live']}/"
    assert (
        flaws.said(rival.knock("GET", path, is_api=False))[:2]
        == flaws.said(stranger.knock("GET", path, is_api=False))[:2]
    )

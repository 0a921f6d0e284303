"""`fields=` in any combination answers what the whole answer has there, in lists, searches and of one mention."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actor import Actor
from agency.api.sparse import leaves
from agency.tenancy import tenant
from clients.models import Client, Contact
from mentions.actions.search import fill_missing
from mentions.models import Mention, Post
from tests.fixtures import Api, Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention, dismiss_mention
from workflows.actions.requests import request_approval
from workflows.actions.responses import draft_reply
from workflows.actions.sentiment import correct_sentiment
from workflows.api.mentions import MentionOutput, MentionRowOutput

pytestmark = pytest.mark.django_db
LIST = "/api/v1/mentions/"


def _names(output: Any) -> list[str]:
    """Every name that can be asked for: fields at the end, and those that stand for all below them."""
    ends = list(leaves(output))
    above = {".".join(end.split(".")[:depth]) for end in ends for depth in range(1, len(end.split(".")))}
    return sorted({*ends, *above})


def _part(value: Any, names: list[str]) -> Any:
    """What of a whole answer these names stand for."""
    if not isinstance(value, dict):
        return value
    found = {}
    for name, below in value.items():
        deeper = [one.partition(".")[2] for one in names if one.partition(".")[0] == name]
        if deeper:
            found[name] = below if "" in deeper else _part(below, deeper)
    return found


@pytest.fixture
def three(brand: Client, dora: Contact, ben: Actor, clock: Clock) -> list[Mention]:
    """One that waits for the client, one dismissed, and one of nobody and without an author."""
    with tenant(brand.agency_id):
        made = [make_mention(brand, now=clock.advance(minutes=1)) for _ in range(3)]
        how = {"by": ben, "seen": None, "now": clock.now}
        claim_mention(made[0].pk, **how)
        draft_reply(made[0].pk, text="Sorry!", **how)
        request_approval(made[0].pk, **how)
        correct_sentiment(made[0].pk, sentiment="neutral", **how)
        dismiss_mention(made[1].pk, reason="spam", **how)
        Post.objects.filter(pk=made[2].post_id).update(author=None, url="", language="pt-BR")
        fill_missing()
    return made


def _some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=8)


def test_any_fields_are_what_the_whole_has(api: Callable[..., Api], ivo: Actor, three: list[Mention]) -> None:
    key, of_rows, of_one = api(ivo), _names(MentionRowOutput), _names(MentionOutput)
    lists = ["state=new,awaiting_client,dismissed", "q=brightwater", ""]
    rows = {query: key.get(f"{LIST}?{query}").json()["results"] for query in lists}
    wholes = {mention.pk: key.get(f"{LIST}{mention.pk}/").json() for mention in three}

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(_some(of_rows), _some(of_one), st.sampled_from(lists), st.sampled_from(three))
    def check(columns: list[str], names: list[str], query: str, mention: Mention) -> None:
        part = key.get(f"{LIST}?{query}&fields={','.join(columns)}").json()["results"]
        assert part == [_part(row, columns) for row in rows[query]]
        assert key.get(f"{LIST}{mention.pk}/?fields={','.join(names)}").json() == _part(
            wholes[mention.pk], names
        )

    check()


def test_a_row_says_what_the_mention_itself_says(
    api: Callable[..., Api], ivo: Actor, three: list[Mention]
) -> None:
    key = api(ivo)
    for row in key.get(f"{LIST}?state=new,awaiting_client,dismissed").json()["results"]:
        whole = key.get(f"{LIST}{row['id']}/").json()
        assert {name: whole[name] for name in row if name != "post"} == {
            name: value for name, value in row.items() if name != "post"
        }

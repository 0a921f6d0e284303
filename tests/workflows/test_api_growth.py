"""What the API asks of the database doesn't grow with what there is."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client
from mentions.actions.search import fill_missing
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import make_mention

FEW, MANY = 3, 30
LISTS = {
    "open ones": "",
    "the newest": "&order=newest",
    "of a client": "&client={client}",
    "of one person": "&assignee=me",
    "in some states": "&state=new,claimed,dismissed",
    "with words": "&q=brightwater",
    "a few fields": "&fields=id,client.name,post.title",
}


@pytest.fixture
def asked() -> Callable[[Callable[[], object]], list[str]]:
    """The statements that a call takes, without the tests' own savepoints."""

    def of(call: Callable[[], object]) -> list[str]:
        with CaptureQueriesContext(connection) as taken:
            call()
        return [query["sql"] for query in taken.captured_queries if "SAVEPOINT" not in query["sql"]]

    return of


def _make(brand: Client, clock: Clock, count: int) -> list[Mention]:
    with tenant(brand.agency_id):
        made = [make_mention(brand, now=clock.advance(seconds=1)) for _ in range(count)]
        fill_missing()
    return made


def test_lists_and_searches_take_as_many_queries_for_ten_times_as_much(
    api: Callable[..., Api], ben: Actor, brand: Client, clock: Clock, asked: Callable[..., list[str]]
) -> None:
    key = api(ben)
    paths = {
        name: f"/api/v1/mentions/?limit=200{more.format(client=brand.pk)}" for name, more in LISTS.items()
    }
    key.get("/api/v1/mentions/")  # the first use of a key in a minute is noted

    def counts() -> dict[str, int]:
        return {name: len(asked(lambda path=path: key.get(path))) for name, path in paths.items()}

    _make(brand, clock, FEW)
    few = counts()
    _make(brand, clock, MANY - FEW)
    assert counts() == few
    # Signing in, entering the agency and, where one plan does for all, saying so and taking it back.
    assert max(few.values()) <= 1 + 1 + 2 + 2


def test_one_mention_and_a_claim_take_as_many_queries_among_ten_times_as_many(
    api: Callable[..., Api], ben: Actor, brand: Client, clock: Clock, asked: Callable[..., list[str]]
) -> None:
    key = api(ben)
    key.get("/api/v1/mentions/")

    def counts(mention: Mention) -> tuple[int, int]:
        path = f"/api/v1/mentions/{mention.pk}/"
        return len(asked(lambda: key.get(path))), len(
            asked(lambda: key.post(f"{path}claim/", {"version": 1}))
        )

    few = _make(brand, clock, FEW)
    first = counts(few[0])
    many = _make(brand, clock, MANY - FEW)
    assert counts(many[-1]) == first
    assert first[1] < first[0]  # it is answered with the mention's row, not with everything around it

"""Searching a database that many agencies share: under the policies, against the same SQL that nothing binds.

uv run python -m tests.benchmarks.search [--quick]

The limit of a search is the bare statement as the tables' owner, with the agency's word written into it.
"""

import hashlib
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import psycopg

from tests.benchmarks.ground import Ground, ground, milliseconds, say, tell

AGENCIES, QUICK_AGENCIES = 200, 20
ROWS = 1000  # an agency
NOW = datetime(2026, 3, 6, 17, 4, tzinfo=UTC)
RUNS = 200

OURS = "SELECT mention_id FROM mentions_search(%s::tsquery, NULL, %s::jsonb, %s::timestamptz, %s::uuid, 51)"
BARE = (
    "SELECT mention_id FROM mentions_searchentry WHERE agency_id = %s AND vector @@ %s::tsquery"
    " ORDER BY recorded_at DESC, mention_id DESC LIMIT 51"
)


class Vocabulary:
    """Made-up words: a few that everybody uses, many that hardly anybody does; the same in each run."""

    def __init__(self) -> None:
        self._chance = random.Random(7)  # noqa: S311
        parts = [a + b for a in "bcdfglmnprstvz" for b in "aeiou"]
        self.words = ["".join(self._chance.choices(parts, k=3)) for _ in range(20_000)]
        self._weights = list(accumulate(1 / (place + 5) for place in range(len(self.words))))

    def text(self, number: int) -> str:
        said = self._chance.choices(self.words, cum_weights=self._weights, k=40)
        return " ".join(["brightwater", *said, f"rare{number % 200}"])


def main() -> int:
    with ground(__doc__ or "") as here:
        agencies = _fill_up(here)
        met = _measure(here, agencies)
    return 0 if met else 1


def _fill_up(here: Ground) -> list[UUID]:
    from agency.actor import system  # noqa: PLC0415  (Django is set up by now)
    from agency.tenancy import tenant  # noqa: PLC0415
    from clients.actions.clients import create_client  # noqa: PLC0415
    from workflows.actions.onboarding import open_agency  # noqa: PLC0415

    vocabulary, agencies = Vocabulary(), []
    count = QUICK_AGENCIES if here.quick else AGENCIES
    for number in range(count):
        agency, _ = open_agency(
            name=f"Agency {number}",
            time_zone="UTC",
            owner_email=f"owner{number}@agency.example",
            owner_name="Ana",
            now=NOW,
            invite=False,
        )
        with tenant(agency.pk):
            client = create_client(
                name="Brightwater", time_zone="UTC", language="en", by=system(agency.pk), now=NOW
            )
            _record(client.pk, vocabulary)
        agencies.append(agency.pk)
        if not (number + 1) % 20:
            tell(f"{(number + 1) * ROWS} of {count * ROWS} mentions")
    return agencies


def _record(client_id: UUID, vocabulary: Vocabulary) -> None:
    from mentions.models import Mention, Post  # noqa: PLC0415

    posts, mentions = [], []
    for number in range(ROWS):
        text = vocabulary.text(number)
        at = NOW - timedelta(minutes=ROWS - number)
        post = Post(
            platform="feed",
            key=f"k{number}",
            key_hash=hashlib.sha256(str(number).encode()).hexdigest(),
            url=f"https://forum.example/{number}",
            title=text[:60],
            text=text,
            text_hash=hashlib.sha256(text.encode()).hexdigest(),
            published_at=at,
            seen_at=at,
        )
        posts.append(post)
        mentions.append(
            Mention(client_id=client_id, post=post, matched=["Brightwater"], published_at=at, recorded_at=at)
        )
    Post.objects.bulk_create(posts, batch_size=500)
    Mention.objects.bulk_create(mentions, batch_size=500)


def _measure(here: Ground, agencies: list[UUID]) -> bool:
    with psycopg.connect(here.owner_url, autocommit=True) as owner:
        met = [_fill(owner, agencies)]
        owner.execute("ANALYZE")
        met += _searches(here, owner, agencies)
        met.append(_pages(agencies))
    return all(met)


def _fill(owner: psycopg.Connection[Any], agencies: list[UUID]) -> bool:
    """Making mentions searchable, as the alarm does, against copying what came of it as the owner."""
    from agency.tenancy import tenant  # noqa: PLC0415
    from mentions.actions.search import fill_missing  # noqa: PLC0415

    begun = time.perf_counter()
    for agency_id in agencies:
        with tenant(agency_id):
            fill_missing()
    filling = len(agencies) * ROWS / (time.perf_counter() - begun)
    owner.execute("CREATE TABLE copied (LIKE mentions_searchentry INCLUDING ALL)")
    begun = time.perf_counter()
    for agency_id in agencies:
        owner.execute(
            "INSERT INTO copied SELECT * FROM mentions_searchentry WHERE agency_id = %s", [agency_id]
        )
    copying = len(agencies) * ROWS / (time.perf_counter() - begun)
    owner.execute("DROP TABLE copied")
    return say("search.fill", filling, "mentions/s", limit=copying, target=0.2, at_least=True)


def _searches(here: Ground, owner: psycopg.Connection[Any], agencies: list[UUID]) -> list[bool]:
    with psycopg.connect(here.app_url) as app:

        def ours(query: Callable[[int], str], *, asked: str | None = None, bare: str = OURS) -> Any:
            def call(number: int) -> None:
                agency_id = agencies[number % len(agencies)]
                app.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency_id)])
                app.execute(bare, [query(number), asked, None, None]).fetchall()

            return call

        def bare(query: Callable[[int], str]) -> Any:
            def call(number: int) -> None:
                agency_id = agencies[number % len(agencies)]
                # So that both ask twice.
                owner.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency_id)])
                owner.execute(BARE, [agency_id, f"'@a{agency_id.hex}' & {query(number)}"]).fetchall()

            return call

        def naive(number: int) -> None:
            agency_id = agencies[number % len(agencies)]
            app.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency_id)])
            app.execute(BARE, [agency_id, rare(number)]).fetchall()

        def rare(number: int) -> str:
            return f"'rare{number % 200}'"

        def common(_: int) -> str:
            return "'brightwater'"

        def phrase(number: int) -> str:
            return f"'brightwater' & 'rare{number % 200}':*"

        found = []
        for name, query, target in (("rare", rare, 5), ("common", common, 5), ("beginning", phrase, 5)):
            value, limit = milliseconds(ours(query), bare(query), runs=RUNS)
            found.append(say(f"search.{name}_word", value, "ms", limit=limit, target=target))
        value, limit = milliseconds(ours(rare, asked='{"states": ["new", "claimed"]}'), bare(rare), runs=RUNS)
        found.append(say("search.rare_word_in_states", value, "ms", limit=limit, target=5))
        value, limit = milliseconds(naive, bare(rare), runs=RUNS // 10)
        tell(
            f"for comparison, without the function: {value:.1f} ms, {value / limit:.0f} times the bare statement"
        )
        return found


def _pages(agencies: list[UUID]) -> bool:
    """A page of the inbox with a word, far in, against the first."""
    from agency.actor import system  # noqa: PLC0415
    from agency.queries.paging import encode_cursor  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from mentions.searching import read_search  # noqa: PLC0415
    from workflows.queries.inbox import Filters, list_inbox  # noqa: PLC0415

    def page(cursor: str | None) -> Callable[[int], object]:
        def call(number: int) -> object:
            agency_id = agencies[number % len(agencies)]
            filters = Filters(search=read_search('"brightwater"'))
            with tenant(agency_id, read_only=True):
                return list_inbox(by=system(agency_id), filters=filters, cursor=cursor, limit=50)

        return call

    far_in = encode_cursor(["-recorded_at", NOW - timedelta(minutes=ROWS - 60), UUID(int=0)])
    value, limit = milliseconds(page(far_in), page(None), runs=RUNS)
    return say("search.page_far_in", value, "ms", limit=limit, target=1.5)


if __name__ == "__main__":
    sys.exit(main())

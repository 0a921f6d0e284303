"""Searching: words in any spelling, an agency's own mentions only, whatever is asked and however."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from django.db.models import Manager
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.models import Alarm
from agency.tenancy import TenantManager, tenant
from clients.actions.clients import create_client
from clients.models import Client
from mentions.actions import search as filling
from mentions.actions.search import SEARCH_FILL, fill_missing, forget
from mentions.models import Mention, SearchEntry
from mentions.queries.search import search_mentions
from mentions.queries.wanted import Wanted
from mentions.searching import around, read_search, vector, words
from tests.fixtures import Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention

pytestmark = pytest.mark.django_db
Find = Callable[..., list[UUID]]


@pytest.fixture
def find() -> Find:
    """The ids of what this actor finds, in its order. Inside or outside of their agency."""

    def typed(actor: Actor, text: str, limit: int = 100, **filters: Any) -> list[UUID]:
        search = read_search(text)
        assert search is not None, f"no word in {text!r}"
        with tenant(actor.agency_id, clients=actor.clients):
            found = search_mentions(search, by=actor, limit=limit, wanted=Wanted(**filters))
            return list(found.order_by("-recorded_at", "-id").values_list("pk", flat=True))

    return typed


@pytest.fixture
def said(brand: Client, clock: Clock) -> Callable[..., UUID]:
    """A searchable mention of Brightwater that says this."""

    def post(text: str, author: str = "Pauls Zariņš", client: Client = brand) -> UUID:
        with tenant(client.agency_id):
            mention = make_mention(client, now=clock.advance(seconds=1), text=text, author=author)
            fill_missing()
        return mention.pk

    return post


@pytest.fixture
def rival(cleo: Actor, clock: Clock) -> Client:
    with tenant(cleo.agency_id):
        return create_client(name="Rival", time_zone="UTC", language="en", by=cleo, now=clock.now)


# Words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("cafe", "Das CAFÉ am Eck"),
        ("CAFÉ", "the cafe around the corner"),
        ("zarins lodz", "Zariņš in Łódź"),
        ("strasse", "In der Straße"),
        ("hotel", "Ｈｏｔｅｌ"),
        ("l'oréal", "Das neue L’Oreal"),
        ("bright", "bright-water"),
        ("don't", "I don’t know"),
        ("寿司", "美味しい寿司屋さん"),
        ("茶", "抹茶"),
        ("가게", "새로운가게에서"),
        ("ภาษา", "เรียนภาษาไทย"),
        ("iphone手机", "新的iPhone手机很好"),
        ("हिन्दी", "यह हिन्दी है"),
        ("قهوة", "قَهْوَة طيبة"),
        ("☕", "Time for ☕!"),
        ("coff", "two coffees"),
        ("cof* two", "two coffees"),
        ("1.5", "it costs 1.5 million"),
        ('"cold brew"', "their cold brew is good"),
        ('"cold brew', "their cold brew is good"),
        ("tea OR brew", "their cold brew"),
        ("brew -tea", "their cold brew"),
        ("x -y OR brew", "their cold brew"),
        ("!!! brew ???", "their cold brew"),
    ],
)
def test_a_word_is_found_however_it_is_spelt(
    find: Find, said: Callable[..., UUID], ivo: Actor, typed: str, text: str
) -> None:
    post = said(text)
    assert find(ivo, typed) == [post]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("tea", "steady"),
        ('"tea"', "teapot"),
        ("tea* OR x", "pot"),
        ('"brew cold"', "their cold brew"),
        ('"two coffee"', "two cold coffee"),
        ("brew -cold", "their cold brew"),
        ('their -"cold brew"', "their cold brew"),
        ("屋寿", "寿司屋"),
        ("司寿", "寿司。寿屋"),
        ("a* cold", "brew cold"),
    ],
)
def test_what_is_not_there_is_not_found(
    find: Find, said: Callable[..., UUID], ivo: Actor, typed: str, text: str
) -> None:
    said(text, author="Pauls")
    assert find(ivo, typed) == []


def test_author_site_and_matched_words_are_searched_but_no_phrase_crosses_them(
    find: Find, said: Callable[..., UUID], ivo: Actor
) -> None:
    post = said("It was closed", author="Zoë Anders")
    for typed in ("zoe", "forum.example", "brightwater", "anders closed"):
        assert find(ivo, typed) == [post], typed
    assert find(ivo, '"closed zoe"') == []


@pytest.mark.parametrize(
    "typed", ["", " ", "!!!", '""', "- -", "OR", "| & ! ( ) : * < > '", "@#$", "\\", "…"]
)
def test_signs_alone_are_no_search(typed: str) -> None:
    assert read_search(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "'| !@a",
        "x' | 'y",
        "x':* & !'y",
        "\\'x\\\\",
        "x <-> y | (",
        "x:*ABCD",
        '"x" "" "',
        "-x",
        "x\0y",
        "--x",
        "x'; DROP TABLE mentions_searchentry; --",
        "word " * 10_000,
        "w" * 10_000,
        "寿" * 10_000,
        "'" * 10_000 + "x",
        "-" * 10_000 + "x",
        '"x ' * 10_000,
        "x OR " * 10_000,
        "é" * 10_000,
        "😀 " * 100,
        "\ud800x",
    ],
)
def test_whatever_is_typed_the_agency_s_word_stays_in_the_search(
    find: Find, said: Callable[..., UUID], ana: Actor, rival: Client, typed: str
) -> None:
    foreign = said("x y word", client=rival)
    assert read_search(typed) is None or foreign not in find(ana, typed)


def test_every_word_of_a_vector_fits_and_every_phrase_ends_inside_its_field() -> None:
    with connection.cursor() as cursor:
        texts = ("寿" * 60_000, "w" * 60_000, " ".join(f"w{n}" for n in range(20_000)), "a " * 20_000)
        for text in texts:
            cursor.execute("SELECT length(%s::tsvector)", [vector([text, "end"], marks=["@a1"])])
            assert cursor.fetchone()[0] >= 3


# Whose -----------------------------------------------------------------------------------------------------


@pytest.fixture
def both(said: Callable[..., UUID], brand: Client, rival: Client) -> dict[str, UUID]:
    """The same words in two agencies, each with a canary of its own."""
    return {
        "own": said("the same words and xanadu"),
        "foreign": said("the same words and zanzibar", client=rival),
    }


def _call(query: str, *, clients: list[UUID] | None = None, most: int = 100) -> list[UUID]:
    """The function itself, as the working role."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mention_id FROM mentions_search(%s::tsquery, %s::uuid[], NULL, NULL, NULL, %s)",
            [query, clients, most],
        )
        return [found for (found,) in cursor.fetchall()]


def test_two_agencies_with_the_same_words_find_their_own(
    find: Find, both: dict[str, UUID], ana: Actor, cleo: Actor
) -> None:
    assert find(ana, "same words") == [both["own"]]
    assert find(cleo, "same words") == [both["foreign"]]
    assert (find(ana, "zanzibar"), find(cleo, "xanadu")) == ([], [])
    assert (find(ana, "-nothing"), find(cleo, "-nothing")) == ([both["own"]], [both["foreign"]])


def test_without_an_agency_the_function_finds_nothing(both: dict[str, UUID], ana: Actor, cleo: Actor) -> None:
    marks = [f"'@a{actor.agency_id.hex}'" for actor in (ana, cleo)]
    for query in ("'same'", "!'nothing'", *marks, "'same' | !'same'"):
        assert _call(query) == []


def test_no_query_reaches_into_another_agency(
    both: dict[str, UUID], ana: Actor, cleo: Actor, rival: Client
) -> None:
    mine, other = f"'@a{ana.agency_id.hex}'", f"'@a{cleo.agency_id.hex}'"
    with tenant(ana.agency_id):
        for query in ("'same'", f"'same' | {other}", f"!{other}", f"!{mine} | 'same'", "'@a':*", "!'x'"):
            assert _call(query) == [both["own"]], query
        for query in (other, f"{other} & 'same'", f"!{mine}", "'zanzibar'", "", "!'same'"):
            assert _call(query) == [], query
        assert _call("'same'", clients=[rival.pk]) == []
        assert _call("'same'", clients=[]) == []
        assert (_call("'same'", most=0), _call("'same'", most=-1)) == ([], [])


def test_a_row_that_names_the_wrong_agency_in_its_vector_is_not_found(
    both: dict[str, UUID], brand: Client, ana: Actor, cleo: Actor
) -> None:
    """Either guard is enough: the word in the index, or the row's own column."""
    with tenant(ana.agency_id):
        SearchEntry.objects.update(vector=vector(["same words"], marks=[f"@a{cleo.agency_id.hex}"]))
        assert _call("'same'") == []
    with tenant(cleo.agency_id):
        assert _call("'same'") == [both["foreign"]]


def test_with_the_managers_filter_off_nothing_foreign_is_found(
    monkeypatch: pytest.MonkeyPatch, find: Find, both: dict[str, UUID], ana: Actor
) -> None:
    monkeypatch.setattr(TenantManager, "get_queryset", Manager.get_queryset)
    assert find(ana, "same words") == [both["own"]]


def test_who_works_for_some_clients_finds_only_theirs(
    find: Find, said: Callable[..., UUID], brand: Client, ana: Actor, ivo: Actor, rival: Client, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        fennel = create_client(name="Fennel", time_zone="UTC", language="en", by=ana, now=clock.now)
    theirs, other = said("closed again"), said("closed again", client=fennel)
    said("closed again", client=rival)
    limited = _limited(ivo, brand.pk)
    assert find(limited, "closed") == [theirs]
    assert find(limited, "closed", clients=(brand.pk,)) == [theirs]
    assert find(limited, "closed", clients=(fennel.pk,)) == []
    assert find(limited, "closed", limit=1) == [theirs]  # the other's, which is newer, takes no place
    assert find(_limited(ivo), "closed") == []
    assert find(_limited(ivo, rival.pk), "closed") == []
    assert find(ivo, "closed", clients=(fennel.pk,)) == [other]
    assert find(ivo, "closed", clients=(rival.pk,)) == []


def _limited(actor: Actor, *clients: UUID) -> Actor:
    return Actor(
        kind=actor.kind,
        agency_id=actor.agency_id,
        id=actor.id,
        name=actor.name,
        rights=actor.rights,
        clients=frozenset(clients),
    )


def test_the_owner_s_function_is_called_by_nobody_else(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proacl::text, pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'mentions_search'"
        )
        grants, owner = cursor.fetchone()
        assert (owner, "earshot_app=X/" in grants, "{=X" in grants or ",=X" in grants) == (
            "earshot_owner",
            True,
            False,
        )
        with pytest.raises(ProgrammingError, match="must be owner"):
            cursor.execute("ALTER FUNCTION mentions_search SECURITY INVOKER")


# The whole truth ----------------------------------------------------------------------------------------------

LETTERS = ("ab", "ba", "abc", "bab")
TEXTS = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=5).map(" ".join)
TERMS = st.tuples(
    st.sampled_from(["", "-"]), st.lists(st.sampled_from(LETTERS), min_size=1, max_size=2), st.booleans()
)
QUERIES = st.lists(st.lists(TERMS, min_size=1, max_size=3), min_size=1, max_size=2)


def _typed(groups: Any) -> str:
    def term(sign: str, said: list[str], quoted: bool) -> str:
        return f'{sign}"{" ".join(said)}"' if quoted or len(said) > 1 else f"{sign}{said[0]}*"

    return " OR ".join(" ".join(term(*each) for each in group) for group in groups)


def _matches(groups: Any, text: str) -> bool:
    there = text.split()

    def has(said: list[str], quoted: bool) -> bool:
        if not quoted and len(said) == 1:
            return any(word.startswith(said[0]) for word in there)
        return any(there[at : at + len(said)] == said for at in range(len(there)))

    return any(all(has(said, quoted) != bool(sign) for sign, said, quoted in group) for group in groups)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=6), groups=QUERIES, limit=st.integers(1, 7))
def test_a_search_finds_exactly_what_reading_everything_finds(
    texts: list[str], groups: Any, limit: int, pair: tuple[Client, Client], ana: Actor, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        mine = _refill(pair[0], texts, clock)
    with tenant(pair[1].agency_id):
        _refill(pair[1], texts, clock)
    wanted = [pk for pk, text in reversed(mine) if _matches(groups, text)]
    search = read_search(_typed(groups))
    assert search is not None
    with tenant(ana.agency_id):
        found = search_mentions(search, by=ana, limit=limit - 1)
        newest = list(found.order_by("-recorded_at", "-id").values_list("pk", flat=True))
    assert newest == wanted[:limit]


@pytest.fixture
def pair(brand: Client, rival: Client, ana: Actor) -> tuple[Client, Client]:
    """Two agencies' clients, each with six mentions that say whatever the example wants."""
    return brand, rival


def _refill(client: Client, texts: list[str], clock: Clock) -> list[tuple[UUID, str]]:
    """The agency's mentions say these texts, oldest first."""
    while Mention.objects.count() < len(texts):
        make_mention(client, now=clock.advance(seconds=1), author="")
    ids = list(Mention.objects.order_by("recorded_at", "id").values_list("pk", flat=True)[: len(texts)])
    SearchEntry.objects.all().delete()
    fill_missing()
    marks = [f"@a{client.agency_id.hex}", f"@c{client.pk.hex}"]
    SearchEntry.objects.exclude(mention_id__in=ids).delete()
    for pk, text in zip(ids, texts, strict=True):
        SearchEntry.objects.filter(mention_id=pk).update(vector=vector([text], marks=marks))
    return list(zip(ids, texts, strict=True))


# Filling ------------------------------------------------------------------------------------------------------


def test_a_mention_is_searchable_with_the_next_sweep(
    find: Find, mention: Mention, ana: Actor, clock: Clock
) -> None:
    assert find(ana, "closed") == []
    assert Alarm.objects.get(kind=SEARCH_FILL).due_at == clock.now
    sweep(now=clock.now)
    assert find(ana, "closed") == [mention.pk]
    assert not Alarm.objects.filter(kind=SEARCH_FILL).exists()


def test_filling_twice_changes_nothing_and_forgetting_can_be_made_good(
    find: Find, mention: Mention, ana: Actor
) -> None:
    with tenant(ana.agency_id):
        assert (fill_missing(), fill_missing()) == (1, 0)
        forget([mention.pk])
    assert find(ana, "closed") == []
    with tenant(ana.agency_id):
        assert fill_missing() == 1
    assert find(ana, "closed") == [mention.pk]


def test_what_came_with_a_mention_that_is_gone_is_filled_all_the_same(
    find: Find, brand: Client, ana: Actor, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        first, second = (make_mention(brand, now=clock.now, text=f"closed {n}") for n in range(2))
        Alarm.objects.filter(kind=SEARCH_FILL, subject_id=second.pk).delete()
        first.delete()
    sweep(now=clock.advance(minutes=5))
    assert find(ana, "closed") == [second.pk]


def test_many_are_filled_in_a_statement_each_few_hundred(
    monkeypatch: pytest.MonkeyPatch, brand: Client, ana: Actor, clock: Clock
) -> None:
    monkeypatch.setattr(filling, "BATCH", 3)
    with tenant(ana.agency_id):
        for _ in range(8):
            make_mention(brand, now=clock.now)
        assert (fill_missing(limit=4), fill_missing(), SearchEntry.objects.count()) == (6, 2, 8)


def test_words_go_with_their_mention(find: Find, said: Callable[..., UUID], ana: Actor) -> None:
    post = said("closed again")
    with tenant(ana.agency_id):
        Mention.objects.get(pk=post).delete()
        assert SearchEntry.objects.count() == 0
    assert find(ana, "closed") == []


def test_the_command_fills_every_agency_and_says_so(
    find: Find, mention: Mention, rival: Client, ana: Actor, cleo: Actor, clock: Clock
) -> None:
    with tenant(cleo.agency_id):
        theirs = make_mention(rival, now=clock.now)
    out = StringIO()
    call_command("fill_search", agency=cleo.agency_id, stdout=out)
    assert (find(ana, "closed"), find(cleo, "closed")) == ([], [theirs.pk])
    call_command("fill_search", stdout=out)
    assert find(ana, "closed") == [mention.pk]
    assert out.getvalue().splitlines() == [
        "Southdown: 1 made searchable.",
        "Northlight: 1 made searchable.",
        "Southdown: 0 made searchable.",
    ]
    with pytest.raises(CommandError, match="no agency with this id"):
        call_command("fill_search", agency=uuid4())


# Lists ---------------------------------------------------------------------------------------------------------


def test_the_newest_come_first_and_filters_narrow_before_the_limit(
    find: Find, said: Callable[..., UUID], brand: Client, ana: Actor, ben: Actor, clock: Clock
) -> None:
    posts = [said(f"closed {n}") for n in range(6)]
    with tenant(ana.agency_id):
        claim_mention(posts[1], by=ben, seen=None, now=clock.now)
    assert find(ana, "closed") == posts[::-1]
    assert find(ana, "closed", limit=2) == posts[:2:-1]
    assert find(ana, "closed", limit=1, states=("claimed",)) == [posts[1]]
    assert find(ana, "closed", limit=1, assignees=(ben.member_id,)) == [posts[1]]
    assert find(ana, "closed", states=("new", "claimed", "awaiting_client", "approved")) == posts[::-1]
    assert find(ana, "closed", states=("responded",)) == []
    assert find(ana, "closed", priorities=("urgent",)) == []
    assert find(ana, "closed", sources=(uuid4(),)) == []
    assert find(ana, "closed", clients=(brand.pk,), priorities=("normal",)) == posts[::-1]


def test_what_was_found_is_shown_as_it_is_spelt_and_from_its_place_on() -> None:
    search = read_search('zarins "cold brew" -tea 寿司 caf')
    assert search is not None
    text = "Zariņš in a Café with a tea, cold brew and 寿司屋"
    assert search.spellings(text) == ["Café", "Zariņš", "brew", "cold", "寿司"]
    long = f"{'word ' * 200}Brightwater {'word ' * 200}"
    shown = around(long, ["Brightwater"], 100)
    assert (shown[:6], "Brightwater" in shown, len(shown)) == ("… word", True, 100)
    assert around("short Brightwater", ["Brightwater"], 100) == "short Brightwater"
    assert around(long, [], 100) == long[:100]


def test_words_hold_nothing_that_a_query_could_mean() -> None:
    assert words("'a' & !b | (c) <-> d:* \\ \"e\" @f") == ["a", "b", "c", "d", "e", "f"]


def test_a_day_later_paging_goes_on_where_it_was(said: Callable[..., UUID], ana: Actor, clock: Clock) -> None:
    posts = [said(f"closed {n}") for n in range(5)]
    search = read_search("closed")
    assert search is not None
    with tenant(ana.agency_id):
        third = Mention.objects.get(pk=posts[2])
        make_mention(third.client, now=clock.advance(days=1), text="closed")
        fill_missing()
        found = search_mentions(search, by=ana, after=(third.recorded_at, third.pk), limit=10)
        assert list(found.order_by("-recorded_at").values_list("pk", flat=True)) == [posts[1], posts[0]]
        assert timedelta(days=1) < clock.now - third.recorded_at

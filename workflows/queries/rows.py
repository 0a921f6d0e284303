"""The rows of a list of mentions: a page of mentions by their own index first, and what is shown of each joined to it.

As one statement of the ORM's the planner would guess, because of the policies of all tables that it joins, that hardly
anything is found, and read and sort everything there is for one page. Here the page is cut first, and the rest is looked
up by its keys.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from agency.queries.paging import Page, encode_cursor
from agency.remembered import Compiled, Shapes, compiled
from agency.statements import Rows, Statement, ask, numbered, plan_each, plan_once
from agency.tenancy import current_agency, entered_clients
from mentions.models import Mention
from mentions.words import CLOSED, Sentiment

# What a page's own columns are joined to, each by the tables' keys. The agency's word is the policies'.
_JOINS: Mapping[str, str] = MappingProxyType(
    {
        "client": "JOIN clients_client AS client ON client.id = page.client_id",
        "post": "JOIN mentions_post AS post ON post.id = page.post_id",
        "author": "LEFT JOIN mentions_author AS author ON author.id = post.author_id",
        "member": "LEFT JOIN agency_membership AS member ON member.id = page.assignee_id",
        "person": "LEFT JOIN agency_user AS person ON person.id = member.user_id",
    }
)


@dataclass(frozen=True, slots=True)
class _Made:
    """A column that isn't the mention's own as it stands: how it is read, the joins and the own columns that it takes."""

    sql: str
    joins: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


def _of_post(sql: str) -> _Made:
    return _Made(sql, ("post",))


def _or_null(name: str) -> _Made:
    """A text of the mention's own that may be empty."""
    return _Made(f"nullif(page.{name}, '')", own=(name,))


_CLOSED = ", ".join(f"'{state.value}'" for state in CLOSED)
# What there isn't is null, but for names, which are empty then.
_MADE: Mapping[str, _Made] = MappingProxyType(
    {
        "client_name": _Made("client.name", ("client",)),
        "author_name": _Made("coalesce(author.name, '')", ("post", "author")),
        "author_id": _of_post("post.author_id"),
        "title": _of_post("post.title"),
        "post_url": _of_post("nullif(post.url, '')"),
        "platform": _of_post("post.platform"),
        "language": _of_post("nullif(post.language, '')"),
        "excerpt": _of_post("left(post.text, {length})"),
        "assignee_name": _Made("coalesce(nullif(person.name, ''), person.email, '')", ("member", "person")),
        "due_kind": _or_null("due_kind"),
        "answer_url": _or_null("answer_url"),
        "dismiss_reason": _or_null("dismiss_reason"),
        "turn": _Made(f"CASE WHEN page.state NOT IN ({_CLOSED}) THEN page.turn END", own=("turn", "state")),
        "sentiment": _Made(
            "coalesce(nullif(page.corrected_sentiment, ''), nullif(post.sentiment, ''),"
            f" '{Sentiment.UNKNOWN.value}')",
            ("post",),
            ("corrected_sentiment",),
        ),
        "sentiment_corrected": _Made("page.corrected_sentiment <> ''", own=("corrected_sentiment",)),
    }
)
MADE = frozenset(_MADE)
_KEYS = ("client_id", "post_id", "assignee_id")
_shapes = Shapes()
_shapes_of_one = Shapes()


def read_page(
    mentions: Callable[[], "QuerySet[Any]"],
    *,
    by: str,
    after: Sequence[Any] | None,
    limit: int,
    columns: Sequence[str],
    length: int,
    key: Hashable | None,
    any_plan: bool = True,
) -> Page[Sequence[Any]]:
    """A page of these mentions by the field `by` ("-field" for descending) and then by id.

    Each row begins with these columns; behind them stands its place.

    Args:
        after: the field's value and the id of the last row of the page before.
        length: of the excerpt.
        key: all that decides on what `mentions` builds besides the entered agency; None: it is built anew.
        any_plan: which plan is best depends on the values. Else one index serves all: it is planned once, which takes
            longer than to run it.
    """

    def build(**place: Any) -> "QuerySet[Any]":
        return _cut(mentions(), by, place, limit + 1, columns)

    given = {} if after is None else {"value": after[0], "row_id": after[1]}
    try:
        if key is None or entered_clients() is not None:
            narrow = compiled(build, given)
        else:
            narrow = _shapes.find((key, by, after is None, limit, tuple(columns)), build, given)
    except EmptyResultSet:  # nothing can be found, such as by who works for no client
        return Page([], None)
    rows = _asked(_wide(narrow.sql, by, tuple(columns), length), narrow, given, any_plan=any_plan)
    found: list[Sequence[Any]] = [*rows[:limit]]
    if len(rows) <= limit:
        return Page(found, None)
    return Page(found, encode_cursor([by, *found[-1][-2:]]))


def read_row(mention_id: UUID, *, columns: Sequence[str], length: int) -> Sequence[Any] | None:
    """What `read_page` has for one mention, whatever its state; None: it isn't there, or isn't shown."""

    def build(**which: Any) -> "QuerySet[Any]":
        return Mention.objects.filter(pk=which["mention_id"]).values_list(*_own("id", columns))

    given = {"mention_id": mention_id}
    try:
        if entered_clients() is not None:
            narrow = compiled(build, given)
        else:
            narrow = _shapes_of_one.find(tuple(columns), build, given)
    except EmptyResultSet:
        return None
    rows = _asked(_wide(narrow.sql, "id", tuple(columns), length), narrow, given, any_plan=False)
    return rows[0] if rows else None


def _own(field: str, columns: Sequence[str]) -> list[str]:
    """The mention's own columns that these take, with those that it is joined and sorted by."""
    taken = [own for name in columns for own in (_MADE[name].own if name in _MADE else (name,))]
    return [*dict.fromkeys([field, "id", *_KEYS, *taken])]


def _cut(
    mentions: "QuerySet[Any]", by: str, place: Mapping[str, Any], most: int, columns: Sequence[str]
) -> "QuerySet[Any]":
    field, descending = by.lstrip("-"), by.startswith("-")
    if place:
        # As one comparison of rows: an index then begins just there, however many rows share the value.
        beyond = TupleLessThan if descending else TupleGreaterThan
        mentions = mentions.filter(beyond(Tuple(F(field), F("id")), (place["value"], place["row_id"])))
    return mentions.order_by(by, "-id" if descending else "id").values_list(*_own(field, columns))[:most]


@lru_cache(maxsize=512)
def _wide(narrow: str, by: str, columns: tuple[str, ...], length: int) -> Statement:
    """The statement around the page's. All of it is made of the constants above and of names of columns."""
    field, down = by.lstrip("-"), " DESC" if by.startswith("-") else ""
    taken = {join for name in columns if name in _MADE for join in _MADE[name].joins}
    joins = " ".join(text for name, text in _JOINS.items() if name in taken)
    shown = [_MADE[name].sql.format(length=length) if name in _MADE else f"page.{name}" for name in columns]
    sql = (
        f"SELECT {', '.join([*shown, f'page.{field}', 'page.id'])} FROM ({narrow}) AS page {joins}"  # noqa: S608
        f" ORDER BY page.{field}{down}, page.id{down}"
    )
    return Statement(numbered(sql), binary=True)


def _asked(statement: Statement, narrow: Compiled, given: Mapping[str, Any], *, any_plan: bool) -> Rows:
    if any_plan:
        plan_each()
    else:
        plan_once()
    rows = ask(statement, narrow.filled({**given, "agency": current_agency()}))
    plan_each()
    return rows

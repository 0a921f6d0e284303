"""The rows of a list of mentions: a page of mentions by their own index first, and what is shown of each joined to it.

As one statement of the ORM's the planner would guess, because of the policies of all tables that it joins, that hardly
anything is found, and read and sort everything there is for one page. Here the page is cut first, and the rest is looked
up by its keys.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from psycopg.pq import Format
from psycopg.types.datetime import TimestamptzBinaryLoader

from agency.pipelines import pipelined
from agency.queries.paging import Page, encode_cursor
from agency.remembered import Compiled, Shapes, compiled
from agency.tenancy import current_agency, entered_clients

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
# Column → (how it is read, the joins that it takes).
_ELSEWHERE: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "client_name": ("client.name", ("client",)),
        "author_name": ("author.name", ("post", "author")),
        "author_id": ("post.author_id", ("post",)),
        "title": ("post.title", ("post",)),
        "post_url": ("post.url", ("post",)),
        "platform": ("post.platform", ("post",)),
        "language": ("post.language", ("post",)),
        "language_detected": ("post.language_detected", ("post",)),
        "post_sentiment": ("post.sentiment", ("post",)),
        "excerpt": ("left(post.text, {length})", ("post",)),
        "assignee_name": ("person.name", ("member", "person")),
        "assignee_email": ("person.email", ("member", "person")),
    }
)
ELSEWHERE = frozenset(_ELSEWHERE)
_KEYS = ("client_id", "post_id", "assignee_id")
_shapes = Shapes()


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
    rows = _asked(_wide(narrow.sql, by, columns, length), narrow, given, any_plan=any_plan)
    found = [row[2:] for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(found, None)
    return Page(found, encode_cursor([by, *rows[limit - 1][:2]]))


def _cut(
    mentions: "QuerySet[Any]", by: str, place: Mapping[str, Any], most: int, columns: Sequence[str]
) -> "QuerySet[Any]":
    field, descending = by.lstrip("-"), by.startswith("-")
    if place:
        # As one comparison of rows: an index then begins just there, however many rows share the value.
        beyond = TupleLessThan if descending else TupleGreaterThan
        mentions = mentions.filter(beyond(Tuple(F(field), F("id")), (place["value"], place["row_id"])))
    own = dict.fromkeys([field, "id", *_KEYS, *(name for name in columns if name not in _ELSEWHERE)])
    return mentions.order_by(by, "-id" if descending else "id").values_list(*own)[:most]


def _wide(narrow: str, by: str, columns: Sequence[str], length: int) -> str:
    """The statement around the page's. All of it is made of the constants above and of names of columns."""
    field, down = by.lstrip("-"), " DESC" if by.startswith("-") else ""
    taken = {join for name in columns if name in _ELSEWHERE for join in _ELSEWHERE[name][1]}
    joins = " ".join(text for name, text in _JOINS.items() if name in taken)
    shown = [
        _ELSEWHERE[name][0].format(length=length) if name in _ELSEWHERE else f"page.{name}"
        for name in columns
    ]
    return (
        f"SELECT {', '.join([f'page.{field}', 'page.id', *shown])} FROM ({narrow}) AS page {joins}"  # noqa: S608
        f" ORDER BY page.{field}{down}, page.id{down}"
    )


def _asked(sql: str, narrow: Compiled, given: Mapping[str, Any], *, any_plan: bool) -> list[Any]:
    """In binary: times then are read by psycopg's own loader, several times quicker than by Django's."""
    with connection.cursor() as cursor:
        own: Any = cursor.cursor
        own.format = Format.BINARY
        own.adapters.register_loader("timestamptz", TimestamptzBinaryLoader)
        with _planned_once(any_plan):
            cursor.execute(sql, narrow.filled({**given, "agency": current_agency()}))
        rows: list[Any] = cursor.fetchall()
    return rows


@contextmanager
def _planned_once(any_plan: bool) -> Iterator[None]:
    """Sent off together with what is asked in it. The rest of the transaction is planned as ever."""
    if any_plan or connection.connection.prepare_threshold is None:
        yield
        return
    with pipelined():
        _plan("force_generic_plan")
        yield
        _plan("auto")


def _plan(mode: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', %s, true)", [mode])

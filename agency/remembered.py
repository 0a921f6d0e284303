"""Queries that are asked many times a second: built and compiled once, then only filled in.

Building a queryset and writing it as SQL takes several times as long as the database needs to answer it by a key. What
was compiled is remembered by a key of its shape; the values that differ from call to call are found again in it.

    _versions = Remembered(lambda response_id: Version.objects.filter(response_id=response_id).order_by("-number"))
    versions = _versions(response_id=response.pk)
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldError
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, get_related_populators

from agency.ids import new_id
from agency.made import of_a_row
from agency.statements import Rows, Statement, ask, ask_together, numbered
from agency.tenancy import current_agency, entered_clients

MOST = 512
Build = Callable[..., "QuerySet[Any]"]
# Constants of these letters are written into the statement: a plan that is kept for many values can use a partial index
# only where it sees them.
_PLAIN = re.compile(r"[a-z_]{1,20}")
_BINARY = {
    *("UUIDField", "CharField", "TextField", "FSMField", "BooleanField", "DateTimeField", "DurationField"),
    *("IntegerField", "SmallIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"),
}
_HOLE = re.compile(r"IN \(%s\)|%[s%]")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement, and what to do with it.

    Attributes:
        places: where in `params` which of the values goes that differ.
        read: makes what the caller gets of rows.
        statement: its rows come in binary where Django reads its columns as well so.
    """

    sql: str
    params: Sequence[Any]
    places: Sequence[tuple[int, str]]
    read: Callable[[Iterable[Any]], list[Any]]
    statement: Statement

    def filled(self, given: Mapping[str, Any]) -> list[Any]:
        params = list(self.params)
        for place, name in self.places:
            params[place] = given[name]
        return params


class Shapes:
    """Compiled queries by the keys of their shapes; who used to be asked for longest ago is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, Compiled] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable, build: Build, given: Mapping[str, Any]) -> Compiled:
        """What `build(**given)` compiles to, inside an agency whose every client is seen.

        Args:
            key: all that decides on the SQL besides the given values.
            given: ids, times and texts, and lists of them for `__in`, which aren't empty.
        """
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
        found = compiled(build, given)
        with self._lock:
            self._known[key] = found
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return found


class Remembered:
    """A query of one shape: models (with `select_related`, without prefetching) or tuples, as a list.

    Whoever works for some clients only gets what the managers build for them, each time anew.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._compiled: Compiled | None = None

    def __call__(self, **given: Any) -> list[Any]:
        if any(value == [] for value in given.values()):
            return []
        if entered_clients() is not None:
            return list(self._build(**given))
        shape, held = self._shape(given), _answered.get()
        rows = held.take(self, given) if held is not None else None
        if rows is None:
            rows = ask(*_asked(shape, given))
        return shape.read(rows) if rows else []

    def _shape(self, given: Mapping[str, Any]) -> Compiled:
        if self._compiled is None:
            self._compiled = compiled(self._build, given)
        return self._compiled

    def first(self, **given: Any) -> Any:
        """The first row; None where there is none. The query itself says that one is enough."""
        found = self(**given)
        return found[0] if found else None


# A query and what it is asked with.
Question = tuple[Remembered, Mapping[str, Any]]


class _Held:
    """Answers that wait for who asks."""

    def __init__(self, answers: list[tuple[Question, Rows]]) -> None:
        self._agency, self._answers = current_agency(), answers

    def take(self, remembered: Remembered, given: Mapping[str, Any]) -> Rows | None:
        """Each once; None: it wasn't asked."""
        for place, ((asked, with_these), rows) in enumerate(self._answers):
            if asked is remembered and with_these == given and self._agency == current_agency():
                del self._answers[place]
                return rows
        return None


_answered: ContextVar[_Held | None] = ContextVar("answered", default=None)


@contextmanager
def asked_together(asked: Iterable[Question], *, empty: Iterable[Question] = ()) -> Iterator[None]:
    """Ask all of these at once, in one way to the database and back; who asks one of them in here has its answer already.

    An answer is as old as this block, and is given once: whoever asks again asks the database. Where a pooler is
    between, or somebody sees some clients only, each is asked in its turn, as ever.

    Args:
        empty: what can have no rows, and isn't asked.
    """
    if entered_clients() is not None:
        yield
        return
    questions = [*asked]
    rows = ask_together(_asked(remembered._shape(given), given) for remembered, given in questions)  # noqa: SLF001
    answers = [*zip(questions, rows, strict=True), *((question, list[Any]()) for question in empty)]
    token = _answered.set(_Held(answers))
    try:
        yield
    finally:
        _answered.reset(token)


def _asked(shape: Compiled, given: Mapping[str, Any]) -> tuple[Statement, list[Any]]:
    return shape.statement, shape.filled({**given, "agency": current_agency()})


def compiled(build: Build, given: Mapping[str, Any]) -> Compiled:
    """What `build(**given)` compiles to, with values that occur nowhere else, so that each is known again among the parameters."""
    lists = {name for name, value in given.items() if isinstance(value, list)}
    marks = {name: _mark(value[0] if name in lists else value) for name, value in given.items()}
    queryset = build(**{name: [mark] if name in lists else mark for name, mark in marks.items()})
    compiler = queryset.query.get_compiler(using=queryset.db)
    sql, params = compiler.as_sql()
    names = {mark: name for name, mark in {**marks, "agency": current_agency()}.items()}
    sql, kept = _written_in(sql, params, names, lists)
    places = [(place, names[value]) for place, value in enumerate(kept) if _is_one_of(value, names)]
    missing = marks.keys() - {name for _, name in places}
    if missing:
        raise TypeError(f"The query doesn't use {', '.join(sorted(missing))} as it is given.")
    statement = Statement(numbered(sql), _reads_binary(compiler))
    return Compiled(sql, kept, places, _reader(queryset, compiler), statement)


def _mark(value: Any) -> Any:
    if isinstance(value, UUID):
        return new_id()
    if isinstance(value, datetime):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=secrets.randbelow(10**15))
    if isinstance(value, str):
        return secrets.token_hex(16)
    raise TypeError(f"A {type(value).__name__} can't be remembered a place for.")


def _written_in(
    sql: str, params: Sequence[Any], names: Mapping[Any, str], lists: Collection[str]
) -> tuple[str, list[Any]]:
    """The statement with its plain constants written into it and its lists as arrays, and the parameters that are left."""
    waiting, kept = iter(params), []

    def fill(hole: re.Match[str]) -> str:
        if hole[0] == "%%":
            return hole[0]
        value = next(waiting)
        named = names[value] if _is_one_of(value, names) else ""
        if not named and isinstance(value, str) and _PLAIN.fullmatch(value):
            return hole[0].replace("%s", f"'{value!s}'")
        kept.append(value)
        return "= ANY(%s)" if named in lists else hole[0]

    return _HOLE.sub(fill, sql), kept


def _is_one_of(value: Any, names: Mapping[Any, str]) -> bool:
    return isinstance(value, UUID | datetime | str) and value in names


def _reads_binary(compiler: Any) -> bool:
    """Not where psycopg makes something else of a value in binary than what Django's fields take, as of JSON."""
    try:
        fields = [column[0].output_field for column in compiler.select]
    except FieldError:
        return False
    return all(_kind(field) in _BINARY for field in fields)


def _kind(field: Any) -> str:
    of = getattr(field, "base_field", None) or getattr(field, "target_field", None)
    return _kind(of) if of is not None else str(field.get_internal_type())


def _reader(queryset: "QuerySet[Any]", compiler: Any) -> Callable[[Iterable[Any]], list[Any]]:
    """As the queryset itself would make its rows."""
    # As `compiler.results_iter` does, which finds out each time anew.
    converters = compiler.get_converters([column[0] for column in compiler.select])

    def convert(rows: Iterable[Any]) -> Iterable[Any]:
        return compiler.apply_converters(rows, converters) if converters else rows

    if not issubclass(queryset._iterable_class, ModelIterable):  # noqa: SLF001
        return lambda rows: [tuple(row) for row in convert(rows)]
    klass = compiler.klass_info
    begin, end = klass["select_fields"][0], klass["select_fields"][-1] + 1
    names = [field[0].target.attname for field in compiler.select[begin:end]]
    populators = get_related_populators(klass, compiler.select, queryset.db)  # type: ignore[call-arg]  # of another version
    annotated = [*(compiler.annotation_col_map or {}).items()]
    make = of_a_row(klass["model"], names, queryset.db)

    def read(rows: Iterable[Any]) -> list[Any]:
        found = []
        for row in convert(rows):
            one = make(row[begin:end])
            for populator in populators:
                populator.populate(row, one)
            for name, place in annotated:
                setattr(one, name, row[place])
            found.append(one)
        return found

    return read

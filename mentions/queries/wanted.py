"""What a list of mentions is asked for, and what that means: once as the ORM's conditions, once for the search."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Lower, NullIf
from django.db.models.lookups import In

from agency.tenancy import entered_clients
from mentions.models import Source
from mentions.words import CLOSED, OPEN, Sentiment

# The very words of the partial indexes, as constants: with parameters in their place a plan that is kept for many
# values can't use those.
IS_OPEN = "NOT (\"mentions_mention\".\"state\" IN ('responded', 'dismissed'))"


_CLOSED = frozenset(CLOSED)


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on, and before `until`; None: unbounded."""

    since: datetime | None = None
    until: datetime | None = None


ANY_TIME = Span()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every filter of a list; a mention is wanted that passes all. Empty or None: not asked.

    Attributes:
        states: none: all states.
        assignees: None among them: what nobody has.
        languages: primary subtags.
        overdue: as of `now`: the next deadline of its running clocks has passed.
        turns: whose time runs, of open ones.
    """

    clients: tuple[UUID, ...] = ()
    states: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    assignees: tuple[UUID | None, ...] = ()
    turns: tuple[str, ...] = ()
    sources: tuple[UUID, ...] = ()
    authors: tuple[UUID, ...] = ()
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    sentiments: tuple[str, ...] = ()
    published: Span = ANY_TIME
    recorded: Span = ANY_TIME
    responded: Span = ANY_TIME
    due: Span = ANY_TIME
    overdue: bool | None = None
    breached: bool | None = None
    late_found: bool | None = None
    now: datetime | None = None

    def of_states(self, states: Iterable[str]) -> "Wanted":
        return replace(self, states=tuple(states))

    @property
    def is_open(self) -> bool:
        """Whether only open ones can be found."""
        return bool(self.states and _CLOSED.isdisjoint(self.states)) or bool(self.turns or self.overdue)

    @property
    def is_of_the_moment(self) -> bool:
        """Whether it names a time, so that it is hardly ever asked again."""
        return self.now is not None or any(
            getattr(self, name) != ANY_TIME for name in ("published", "recorded", "responded", "due")
        )

    @property
    def has_its_index(self) -> bool:
        """Whether a page is read off an index in its order: of all, of one client, or of what one person has."""
        of_one = len(self.clients) + len(self.assignees)
        return of_one <= 1 and (self.is_open or not of_one) and not self._says_more

    @property
    def _says_more(self) -> bool:
        """Whether anything is wanted besides states, clients and assignees."""
        return any(getattr(self, name) != default for name, default in _MORE)

    def conditions(self) -> Iterator[Any]:
        """For `Mention.objects.filter`."""
        if self.is_open:
            yield RawSQL(IS_OPEN, (), output_field=BooleanField())  # noqa: S611
        if self.states and set(self.states) != set(OPEN):
            yield Q(state__in=self.states)
        if self.assignees:
            yield _assigned(self.assignees)
        for field, values in self._lists():
            if values:
                yield Q(**{f"{field}__in": values}) if len(values) > 1 else Q(**{field: values[0]})
        yield from self._of_posts()
        yield from self._facts()
        yield from self._times()

    def _of_posts(self) -> Iterator[Any]:
        if self.sources or self.authors or self.platforms or self.languages or self.sentiments:
            yield same_agency("post")
        if self.sources:
            # Through the managers' filter: another client's own source is as if absent.
            yield Q(post__source_id__in=Source.objects.filter(pk__in=self.sources).values("pk"))
        if self.languages:
            yield In(Lower(_first_subtag()), self.languages)
        if self.sentiments:
            yield In(_felt(), self.sentiments)

    def _facts(self) -> Iterator[Q]:
        for name in ("breached", "late_found"):
            if (asked := getattr(self, name)) is not None:
                yield Q(**{name: asked})
        if self.overdue is not None:
            # The end of time stands for none, so that the lists' own index serves it.
            yield Q(urgency_at__lt=self.now) if self.overdue else ~Q(_open(), urgency_at__lt=self.now)

    def asked(self) -> dict[str, Any]:
        """For `mentions_search`, all but the clients."""
        told: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Span):
                told |= {f"{field.name}_since": value.since, f"{field.name}_until": value.until}
            elif field.name not in {"clients", "assignees", "now"}:
                told[field.name] = value
        told["assignees"] = [member for member in self.assignees if member is not None]
        told["nobody"] = True if None in self.assignees else None
        if self.overdue is not None:
            told["now"] = self.now
        mine = entered_clients()
        if self.sources and mine is not None:
            told["seen_clients"] = sorted(mine)
        return {name: value for name, value in told.items() if value is not None and value not in ((), [])}

    def _lists(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        yield "client_id", self.clients
        yield "priority", self.priorities
        yield "turn", self.turns
        yield "post__author_id", self.authors
        yield "post__platform", self.platforms

    def _times(self) -> Iterator[Q]:
        for name in ("published", "recorded", "responded", "due"):
            span: Span = getattr(self, name)
            if span.since:
                yield Q(**{f"{name}_at__gte": span.since})
            if span.until:
                yield Q(**{f"{name}_at__lt": span.until})


EVERYTHING = Wanted()
_MORE = [
    (field.name, field.default)
    for field in fields(Wanted)
    if field.name not in {"states", "clients", "assignees"}
]


def same_agency(joined: str) -> Q:
    """Nothing that the composite key doesn't say already, said for the planner: it knows then how many rows the join has.

    Without it, it takes two policies' agencies for two conditions that hardly ever meet, expects a handful of mentions,
    and sorts all of the agency's rather than walk an index in its order.
    """
    return Q(**{f"{joined}__agency_id": F("agency_id")})


def _open() -> Q:
    return ~Q(state__in=CLOSED)


def _assigned(members: tuple[UUID | None, ...]) -> Q:
    somebody = [member for member in members if member is not None]
    found = (
        Q(assignee_id__in=somebody) if len(somebody) > 1 else Q(assignee_id=somebody[0]) if somebody else Q()
    )
    return found | Q(assignee_id=None) if None in members else found


def _first_subtag() -> Func:
    return Func(F("post__language"), Value("-"), Value(1), function="split_part", output_field=TextField())


def _felt() -> Coalesce:
    """What a person said, else what the post sounds like."""
    nothing = Value("")
    return Coalesce(
        NullIf("corrected_sentiment", nothing),
        NullIf("post__sentiment", nothing),
        Value(Sentiment.UNKNOWN.value),
    )

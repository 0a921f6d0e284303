"""Which names belong to one conversation: kept as groups of digests, so that no chain is ever followed.

A post and what it says it answers are in one group, whatever was read first; groups that turn out to be one are joined.
So the order in which posts arrive makes no difference, a loop is a group like any other, and a parent that comes later,
or never, is a name in its group already.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet

from agency.ids import new_id
from agency.tenancy import current_agency
from mentions.models import Post, ThreadKey

# Names of conversations in which we keep no post are forgotten after this long.
KEPT = timedelta(days=90)


def hold_threads(*, change: bool) -> None:
    """Until the transaction ends, no other page changes the groups while this one reads them.

    Pages that change none (`change` False) don't wait for one another.
    """
    lock = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 11))", [f"threads of {current_agency()}"])


def threads_of(key_hashes: Iterable[str]) -> dict[str, UUID]:
    """Name → its conversation; those that nobody answered or was answered by are in none."""
    known = ThreadKey.objects.filter(key_hash__in=list(key_hashes))
    return dict(known.values_list("key_hash", "thread"))


def note_names(parents: Mapping[str, Sequence[str]], pages: Mapping[str, str], *, now: datetime) -> None:
    """Note what a page's entries say. Whoever calls holds the groups (`hold_threads`).

    Args:
        parents: name of an entry → the names that what it answers may have.
        pages: name of an entry → the name of the page that it is part of.
    """
    groups = _Groups()
    for name, answered in parents.items():
        groups.join(name, *answered)
    for name, page in pages.items():
        groups.join(name, page)
    if not groups.names:
        return
    known = {row.key_hash: row for row in ThreadKey.objects.filter(key_hash__in=sorted(groups.names))}
    for name, row in known.items():
        groups.join(name, row.thread)
    chosen = _join_known(groups)
    fresh: dict[Any, UUID] = {}
    missing = []
    for name in sorted(groups.names - known.keys()):
        root = groups.root(name)
        thread = chosen.get(root) or fresh.setdefault(root, new_id())
        missing.append(
            ThreadKey(key_hash=name, thread=thread, parents=list(parents.get(name, ())), noted_at=now)
        )
    ThreadKey.objects.bulk_create(missing, batch_size=1000)
    # A name that was only answered until now, and has been read itself: what it answers is known from here on.
    told = [row for name, row in known.items() if not row.parents and parents.get(name)]
    for row in told:
        row.parents = list(parents[row.key_hash])
    ThreadKey.objects.bulk_update(told, ["parents"], batch_size=1000)


class _Groups:
    """Disjoint sets of names (str) and of conversations (UUID)."""

    def __init__(self) -> None:
        self._above: dict[Any, Any] = {}

    @property
    def names(self) -> set[str]:
        return {name for name in self._above if isinstance(name, str)}

    @property
    def threads(self) -> set[UUID]:
        return {name for name in self._above if isinstance(name, UUID)}

    def root(self, name: Any) -> Any:
        self._above.setdefault(name, name)
        while self._above[name] != name:
            self._above[name] = self._above[self._above[name]]
            name = self._above[name]
        return name

    def join(self, first: Any, *others: Any) -> None:
        self.root(first)
        for other in others:
            self._above[self.root(first)] = self.root(other)


def _join_known(groups: _Groups) -> dict[Any, UUID]:
    """Group → its conversation. The smaller ones take the name of the largest, so that joining stays cheap."""
    by_root: dict[Any, list[UUID]] = {}
    for thread in sorted(groups.threads):
        by_root.setdefault(groups.root(thread), []).append(thread)
    several = [thread for threads in by_root.values() if len(threads) > 1 for thread in threads]
    sizes = Counter[UUID]()
    if several:
        counted = ThreadKey.objects.filter(thread__in=several).values("thread").annotate(n=Count("id"))
        sizes.update({row["thread"]: row["n"] for row in counted})
    chosen = {}
    for root, threads in by_root.items():
        largest = max(threads, key=lambda thread: (sizes[thread], str(thread)))
        chosen[root] = largest
        if len(threads) > 1:
            smaller = [thread for thread in threads if thread != largest]
            ThreadKey.objects.filter(thread__in=smaller).update(thread=largest)
    return chosen


def forget_names(posts: Iterable[UUID]) -> None:
    """Posts that are deleted leave no name behind; the conversation holds together without them."""
    keys = Post.objects.filter(pk__in=list(posts)).values("key_hash")
    ThreadKey.objects.filter(key_hash__in=keys).delete()


def old_names(*, before: datetime) -> "QuerySet[Any]":
    """Names of conversations in which nothing is kept any more: for housekeeping."""
    kept = ThreadKey.objects.filter(thread=OuterRef("thread"), key_hash__in=Post.objects.values("key_hash"))
    return ThreadKey.objects.filter(~Exists(kept), noted_at__lt=before)

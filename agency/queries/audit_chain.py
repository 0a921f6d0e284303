"""Verification of an agency's audit chain, from its first entry to its head, in batches."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from agency import chain
from agency.actor import Actor
from agency.models import AuditChain, AuditEntry, AuditLink
from agency.rights import Right

BATCH = 2000
# A page's question is answered within a second or so; longer chains are for `manage.py verify_audit`.
AT_ONCE = 20_000
ERASED = "audit.erased"
FLAWS = ("missing", "changed", "told_changed", "broken", "inserted", "blanked", "cut")

_TOLD = tuple(chain.Told.__slots__)
_LINK = ("id", "seq", "who_digest", "what_digest", "payload_digest", "hash")


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first thing that is wrong.

    Attributes:
        seq: the place in the chain; None for what has none.
        what: one of FLAWS.
    """

    seq: int | None
    entry_id: UUID | None
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes:
        entries: how many were reckoned and hold, one after the other.
        erased: how many of them lost what they told.
        seq, hash: of the last link that holds.
    """

    entries: int
    erased: int
    seq: int
    hash: str
    flaw: Flaw | None = None

    @property
    def holds(self) -> bool:
        return self.flaw is None

    @property
    def whole(self) -> bool:
        """From the first entry on."""
        return self.entries == self.seq


class Broken(Exception):
    """Ends the walk at the first flaw."""

    def __init__(
        self, what: str, sentence: str, *, seq: int | None = None, entry_id: UUID | None = None
    ) -> None:
        self.flaw = Flaw(seq, entry_id, what, sentence)
        super().__init__(sentence)


@dataclass(slots=True)
class _Walk:
    """Where the walk began and stands. `blank`: parts that tell nothing; `accounted`: parts that erasures have counted."""

    start: int = 0
    seq: int = 0
    hash: str = chain.ORIGIN
    erased: int = 0
    blank: int = 0
    accounted: int = 0
    wanted: str = ""

    def step(self, link: Mapping[str, Any], entry: chain.Told | None) -> None:
        """Raises: Broken."""
        seq, here = link["seq"], {"seq": link["seq"], "entry_id": link["id"]}
        if seq != self.seq + 1:
            raise Broken(
                "missing", f"Entry {self.seq + 1} is missing: the next one is {seq}.", seq=self.seq + 1
            )
        if entry is None:
            raise Broken("missing", f"Entry {seq} was removed; its link is still there.", **here)
        payload = entry.payload(who_digest=link["who_digest"], what_digest=link["what_digest"])
        if chain.digest(payload) != link["payload_digest"]:
            raise Broken("changed", f"Entry {seq} was changed: it isn't what was hashed.", **here)
        self._told(entry, link, here)
        if chain.link(self.hash, seq, link["payload_digest"]) != link["hash"]:
            raise Broken(
                "broken",
                f"Entry {seq} doesn't follow from the one before: changed, inserted or moved.",
                **here,
            )
        self.seq, self.hash = seq, link["hash"]
        if self.hash == self.wanted:
            self.wanted = ""

    def _told(self, entry: chain.Told, link: Mapping[str, Any], here: dict[str, Any]) -> None:
        blank = 0
        for part, salt, told, empty, expected in (
            ("who did it", entry.who_salt, entry.who, '["", ""]', link["who_digest"]),
            ("what it was about", entry.what_salt, entry.what, '["", {}]', link["what_digest"]),
        ):
            if not salt and told == empty:
                blank += 1
            elif chain.digest(salt + told) != expected:
                raise Broken("told_changed", f"Entry {here['seq']} was changed in {part}.", **here)
        self.blank += blank
        self.erased += bool(blank)
        if entry.action == ERASED:
            self.accounted += int(json.loads(entry.details).get("parts", 0))

    def finish(self, head: tuple[int, str]) -> None:
        """Raises: Broken."""
        if (self.seq, self.hash) != head:
            raise Broken(
                "cut", f"The chain ends at entry {self.seq}, but its head says {head[0]}.", seq=self.seq + 1
            )
        if self.wanted:
            raise Broken("cut", f"The hash {self.wanted} isn't in this chain: it was cut, or written anew.")


def verify(*, by: Actor, head: str = "", last: int | None = None) -> Verdict:
    """Reckon the chain again, up to where it ended when this began: others may go on writing.

    Args:
        head: a hash that was noted earlier, which must be in the chain.
        last: only the newest so many entries, beginning with what the link before them says.

    Raises:
        Forbidden: without the right, or for who works for some clients only.
    """
    by.require(Right.AUDIT)
    by.require_all_clients()
    found = AuditChain.objects.values_list("seq", "hash").first() or (0, chain.ORIGIN)
    walk, flaw = _begin(found[0], last, wanted=head), None
    whole = walk.seq == 0
    try:
        for links in _batches(walk.seq, found[0]):
            entries = _entries(links[0]["seq"], links[-1]["seq"])
            for link in links:
                walk.step(link, entries.get(link["id"]))
        walk.finish(found)
        if whole:
            _account(walk)
            _find_strays()
    except Broken as broken:
        flaw = broken.flaw
    return Verdict(walk.seq - walk.start, walk.erased, walk.seq, walk.hash, flaw)


def _begin(end: int, last: int | None, *, wanted: str) -> _Walk:
    before = AuditLink.objects.filter(seq=end - last).first() if last and end > last else None
    if before is None:
        return _Walk(wanted=wanted)
    return _Walk(start=before.seq, seq=before.seq, hash=before.hash, wanted=wanted)


def _batches(after: int, end: int) -> Iterator[list[dict[str, Any]]]:
    # From below the first place too: what was put before it is a flaw as well.
    place = after or -(2**62)
    links = AuditLink.objects.filter(seq__lte=end).order_by("seq").values(*_LINK)
    while batch := list(links.filter(seq__gt=place)[:BATCH]):
        yield batch
        place = batch[-1]["seq"]


def _entries(first: int, last: int) -> dict[UUID, chain.Told]:
    ids = AuditLink.objects.filter(seq__gte=first, seq__lte=last).values("pk")
    rows = AuditEntry.objects.filter(pk__in=ids).annotate(text=Cast("details", TextField()))
    names = ["text" if name == "details" else name for name in _TOLD]
    return {row[0]: chain.Told(*row) for row in rows.values_list(*names)}


def _account(walk: _Walk) -> None:
    """Raises: Broken, where more was blanked than erasures have counted, those too that came during the walk."""
    if walk.blank > walk.accounted + _accounted_after(walk.seq):
        raise Broken(
            "blanked",
            f"{walk.blank} parts tell nothing any more, but erasures account for {walk.accounted} only.",
        )


def _accounted_after(seq: int) -> int:
    later = AuditLink.objects.filter(pk=OuterRef("pk"), seq__gt=seq)
    told = AuditEntry.objects.filter(Exists(later), action=ERASED).values_list("details", flat=True)
    return sum(int(details.get("parts", 0)) for details in told)


def _find_strays() -> None:
    """What is beyond the chain, in one look that sees one moment. Raises: Broken."""
    stray = AuditEntry.objects.exclude(Exists(AuditLink.objects.filter(pk=OuterRef("pk"), seq__gt=0))).first()
    if stray is not None:
        raise Broken("inserted", f"The entry {stray.pk} is in no chain.", entry_id=stray.pk)
    newest = AuditLink.objects.order_by("-seq").values("seq")[:1]
    ends = AuditChain.objects.annotate(newest=Subquery(newest)).values_list("seq", "newest").first()
    if ends and ends[0] != ends[1]:
        raise Broken("inserted", f"The chain's head is entry {ends[0]}, but the last link is {ends[1]}.")

"""What changed between two texts, word by word, for people."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\s+|[^\s\w]|\w+")
# Comparing takes the product of both lengths: beyond this the middle is shown as replaced, whole.
_MOST_COMPARED = 1_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """`op`: same, del or ins."""

    op: str
    text: str


def difference(before: str, after: str) -> list[Piece]:
    """The pieces in reading order. Without the deleted ones they are `after`, without the inserted ones `before`."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = _compare(old[head : len(old) - tail], new[head : len(new) - tail])
    pieces = [("same", old[:head]), *middle, ("same", old[len(old) - tail :])]
    return _joined([Piece(op, "".join(words)) for op, words in pieces if words])


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )


def _compare(old: list[str], new: list[str]) -> list[tuple[str, list[str]]]:
    if len(old) * len(new) > _MOST_COMPARED:
        return [("del", old), ("ins", new)]
    found: list[tuple[str, list[str]]] = []
    for op, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        found += [("same", old[a:b])] if op == "equal" else [("del", old[a:b]), ("ins", new[c:d])]
    return found


def _joined(pieces: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].op == piece.op:
            joined[-1] = Piece(piece.op, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined

"""What searching reads of a post and of what somebody typed: words in one spelling, whatever the language.

Case, width and accents are folded on both sides, so that `cafe` finds “Café”. Scripts that write no spaces between
words (Chinese, Japanese, Thai, and Korean with its glued particles) are read as overlapping pairs of characters, so
that any part of a sentence is found. Nothing here depends on the database's parser or language: vectors and queries
are written out, word by word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from mentions.matching import UNSPACED, fold

LONGEST_QUERY = 200
# Of a post this much can be found; a vector has room for it even where every two characters are a word.
LONGEST_TEXT = 30_000
LONGEST_WORD = 100
# A shorter beginning would be that of too many words: of every agency's, in the one index.
SHORTEST_BEGINNING = 2

# Marks that people leave out when they type: accents, and the vowels of Hebrew and Arabic. Not those of
# Japanese and India, which make another letter or syllable.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t", "ŋ": "n"}
)
_TYPED = re.compile(r'(-?)["“”„″]([^"“”„″]*)["“”„″]?|(-?)([^\s"“”„″]+)')
_ASCII_WORD = re.compile("[a-z0-9]+")
_LAST_PLANE = 0x20000  # beyond are ideographs only
_OR = frozenset({"OR", "|"})


def plain(text: str) -> str:
    """One spelling for what people take for the same when they search."""
    text = fold(text)
    if text.isascii():
        return text
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", text).translate(_PLAIN)


_plain_word = lru_cache(maxsize=20_000)(plain)  # a page of finds says the same words again and again


@cache
def _pieces() -> re.Pattern[str]:
    """Runs of an unspaced script, words, and single symbols such as emoji."""
    unspaced = UNSPACED.pattern
    return re.compile(
        f"(?P<unspaced>{unspaced}+)|(?P<word>(?:(?!{unspaced})[^\\W_]|{_one_of('Mn', 'Mc')})+)|{_one_of('So')}"
    )


def _one_of(*categories: str) -> str:
    """A pattern for one character of these categories of Unicode."""
    codes = [code for code in range(_LAST_PLANE) if unicodedata.category(chr(code)) in categories]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in ranges)}]"


def words(text: str) -> list[str]:
    """The words of a text in its order, as they are searched. None of them holds a quote, a blank or a sign."""
    text = plain(text)
    if text.isascii():  # the same, much quicker
        return [word[:LONGEST_WORD] for word in _ASCII_WORD.findall(text)]
    found: list[str] = []
    for piece in _pieces().finditer(text):
        run = piece[0]
        if piece.lastgroup == "unspaced":
            found += [run[place : place + 2] for place in range(len(run))]
        else:
            found.append(run[:LONGEST_WORD])
    return found


def vector(fields: Iterable[str], *, marks: Iterable[str] = ()) -> str:
    """A `tsvector`, written out. A phrase is found inside a field, never across two.

    Args:
        marks: words that nobody can type (they hold an @), such as the agency's.
    """
    places: dict[str, list[int]] = {}
    at = 0
    for field in fields:
        for word in words(field[:LONGEST_TEXT]):
            at += 1
            places.setdefault(word, []).append(at)
        at += 1
    written = [f"'{word}':{','.join(map(str, numbers))}" for word, numbers in places.items()]
    return " ".join([*(f"'{mark}'" for mark in marks), *written])


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other. `open`: the last one may go on."""

    words: tuple[str, ...]
    raw: str
    negated: bool = False
    open: bool = False

    def __str__(self) -> str:
        phrase = " <-> ".join(f"'{word}'" for word in self.words) + (":*" if self.open else "")
        return f"!({phrase})" if self.negated else f"({phrase})"


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched: all terms of any one of the groups."""

    groups: tuple[tuple[Term, ...], ...]

    def __str__(self) -> str:
        """A `tsquery`, written out."""
        return " | ".join(f"({' & '.join(map(str, group))})" for group in self.groups)

    def spellings(self, text: str) -> list[str]:
        """What of this text was searched, as the text spells it: for marking it."""
        wanted = [term for group in self.groups for term in group if not term.negated]
        exact = {word for term in wanted for word in term.words}
        begun = tuple(term.words[-1] for term in wanted if term.open)
        found = {term.raw for term in wanted if UNSPACED.search(term.raw)}
        for piece in _pieces().finditer(text):
            # A single letter would be marked inside of every word.
            if piece.lastgroup != "unspaced" and (piece.lastgroup is None or len(piece[0]) > 1):
                word = _plain_word(piece[0])
                if word in exact or word.startswith(begun):
                    found.add(piece[0])
        return sorted(found)


def read_search(typed: str) -> Search | None:
    """What somebody typed: words that all must be there, "a phrase", -without, OR; the last word outside of quotes, or
    one that ends in *, may be the beginning of one. None where no word is in it."""
    groups: list[list[Term]] = [[]]
    pieces = list(_TYPED.finditer(typed[:LONGEST_QUERY]))
    bare = [piece for piece in pieces if piece[4] and not piece[3] and piece[4] not in _OR]
    for piece in pieces:
        if piece[4] in _OR and not piece[3]:
            groups.append([])
        elif term := _term(piece, last=piece in bare[-1:]):
            groups[-1].append(term)
    return Search(tuple(tuple(group) for group in groups if group)) if any(groups) else None


def _term(piece: re.Match[str], *, last: bool) -> Term | None:
    quoted = piece[2] is not None
    raw = piece[2] if quoted else piece[4]
    negated = bool(piece[1] or piece[3])
    found = words(raw)
    if not found:
        return None
    goes_on = not quoted and (last or raw.endswith("*"))
    if UNSPACED.match(found[-1]):
        # Within a run the pairs overlap: its last character alone would say that the run ends there.
        alone = len(found) == 1 or not UNSPACED.match(found[-2]) or len(found[-2]) == 1
        return Term(tuple(found if alone else found[:-1]), raw.strip(), negated, open=alone)
    goes_on = goes_on and len(found[-1]) >= SHORTEST_BEGINNING
    return Term(tuple(found), raw.strip("* "), negated, open=goes_on)


def around(text: str, spellings: Sequence[str], length: int) -> str:
    """At most `length` characters of the text, with the first of the spellings near their beginning."""
    lowered = text.lower()
    first = min(_places(lowered, spellings), default=0)
    if first < length // 4 or len(lowered) != len(text):
        return text[:length]
    start = text.find(" ", first - length // 8, first) + 1 or first
    return f"… {text[start : start + length - 2]}"


def _places(lowered: str, spellings: Sequence[str]) -> Iterator[int]:
    for spelling in spellings:
        place = lowered.find(spelling.lower())
        if place >= 0:
            yield place

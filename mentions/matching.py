"""Finding the words and phrases of many listening queries in a post at once.

Text and terms are folded to one spelling (`fold`), all terms of all queries are looked for in one
pass, and a find counts if it stands as whole words. An edge of a find needs a boundary only where a
letter or digit of a script that writes spaces meets another: so `@acme`, `C++` and `Sony` inside
Japanese are found, `acme` in `acmeology` is not, and Chinese, Japanese, Korean and Thai match inside
of text.
"""

import re
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick

QueryId = TypeVar("QueryId", bound=Hashable)

LONGEST_TERM = 200
MOST_TERMS = 500

# Written about a name, not in it: "Acme™" is "Acme".
_OWNERSHIP = re.compile("[\u00a9\u00ae\u2120\u2122]")
# Shown as nothing, so that they only keep a word from being found: soft hyphens, joiners, direction
# marks, variation selectors.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_SAME = (
    dict.fromkeys("‘’‛ʼʹ′`´", "'") | dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("“”„″", '"') | {"ı": "i"}
)
_ANY_SAME = re.compile(f"[{re.escape(''.join(_SAME))}]")
_TURKISH_I = "i\u0307"  # what folding makes of a capital I with its dot
# Scripts that write no spaces between words, and Korean, which glues particles to them.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u2e80-\u2fdf\u3005-\u3007"
    "\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3040-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\U00016fe0-\U00018d8f\U0001aff0-\U0001b2ff"
    "\U00020000-\U0003ffff]"
)
# A handle, hashtag or cashtag isn't one in the middle of a word: it is an email address, an anchor.
_SIGILS = frozenset("@#$")


@dataclass(frozen=True, slots=True)
class Terms:
    """A query matches a text that has one of `any` and none of `none`."""

    any: tuple[str, ...]
    none: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a list of terms; `index` is the term's place, or None for the list."""

    code: str
    sentence: str
    index: int | None = None


def fold(text: str) -> str:
    """One spelling for what readers take for the same: case, width, quotes, hyphens, blanks."""
    if text.isascii():
        return " ".join(text.lower().replace("`", "'").split())
    text = _ANY_SAME.sub(lambda found: _SAME[found[0]], _OWNERSHIP.sub(" ", text))
    text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).replace(_TURKISH_I, "i")
    return " ".join(text.split())


def check_terms(terms: Sequence[str]) -> list[Problem]:
    """What keeps a form's list of terms from being saved, in the list's order."""
    problems = []
    if len(terms) > MOST_TERMS:
        problems.append(
            Problem("too_many", f"At most {MOST_TERMS} terms are possible; these are {len(terms)}.")
        )
    seen: dict[str, str] = {}
    for index, term in enumerate(terms):
        folded = fold(term)
        if problem := _problem(term, folded, seen.get(folded)):
            problems.append(Problem(*problem, index))
        seen.setdefault(folded, term)
    return problems


def _problem(term: str, folded: str, earlier: str | None) -> tuple[str, str] | None:
    shown = f"“{term[:40].strip()}{'…' if len(term) > 40 else ''}”"
    if not folded:
        return "empty", "A term is empty. Enter a word or a phrase."
    if len(folded) == 1:
        return "too_short", f"{shown} is a single character, which is in almost every post."
    if max(len(folded), len(term)) > LONGEST_TERM:
        return "too_long", f"{shown} is longer than {LONGEST_TERM} characters."
    if not any(map(_says_something, folded)):
        return "no_word", f"{shown} has no letter, digit or symbol to look for."
    if earlier is not None:
        return "duplicate", f"{shown} is the same as “{earlier[:40].strip()}”."
    return None


def _says_something(character: str) -> bool:
    """Letters, digits, and symbols such as emoji, but not punctuation."""
    return unicodedata.category(character)[0] in "LN" or unicodedata.category(character) == "So"


def compile_queries(queries: Mapping[QueryId, Terms]) -> "Matcher[QueryId]":
    """One matcher for all queries. Terms that are empty when folded never match."""
    return Matcher(queries)


class Matcher(Generic[QueryId]):
    """Immutable, and safe to use from many threads."""

    def __init__(self, queries: Mapping[QueryId, Terms]) -> None:
        self._queries = dict(queries)
        wanted: dict[str, list[tuple[QueryId, int]]] = {}
        for query_id, terms in self._queries.items():
            for place, term in enumerate((*terms.any, *terms.none)):
                wanted.setdefault(fold(term), []).append((query_id, place))
        wanted.pop("", None)
        self._patterns = [_Pattern(folded) for folded in wanted]
        self._uses = list(wanted.values())
        self._automaton = AhoCorasick(wanted)

    def match(self, text: str) -> dict[QueryId, tuple[str, ...]]:
        """The queries that the text matches, each with those of its `any` terms that are there, in
        the query's order and as the query spells them."""
        folded = fold(text)
        places: dict[QueryId, set[int]] = {}
        for index in self._found(folded):
            for query_id, place in self._uses[index]:
                places.setdefault(query_id, set()).add(place)
        return {
            query_id: tuple(self._queries[query_id].any[place] for place in sorted(found))
            for query_id, found in places.items()
            if max(found) < len(self._queries[query_id].any)
        }

    def _found(self, folded: str) -> set[int]:
        found: set[int] = set()
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if index not in found and self._patterns[index].stands_in(folded, start, end):
                found.add(index)
        return found


class _Pattern:
    """What a folded term needs on either side."""

    __slots__ = ("_left", "_right")

    def __init__(self, folded: str) -> None:
        self._left = folded[0] in _SIGILS or _is_spaced_word(folded[0])
        self._right = _is_spaced_word(folded[-1])

    def stands_in(self, text: str, start: int, end: int) -> bool:
        if self._left and start and _is_spaced_word(text[start - 1]):
            return False
        return not (self._right and end < len(text) and _is_spaced_word(text[end]))


def _is_spaced_word(character: str) -> bool:
    """A letter, mark, digit or underscore of a script that puts spaces between words."""
    if character.isascii():
        return character.isalnum() or character == "_"
    is_word = character.isalnum() or unicodedata.category(character)[0] == "M"
    return is_word and not UNSPACED.match(character)

"""How somebody feels who wrote a text, in English only: of other languages the lexicon knows nothing.

The lexicon is read with the first text, as the language's model is.
"""

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from mentions.bare import bare
from mentions.language import primary
from mentions.words import Sentiment

# vaderSentiment's own bounds.
CLEAR = 0.05


class Mood(NamedTuple):
    """`score`: thousandths from -1000 (bad) to 1000; None where nobody can tell."""

    sentiment: str
    score: int | None


UNKNOWN = Mood(Sentiment.UNKNOWN, None)


@cache
def _analyzer() -> Any:
    return import_module("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()


def mood(text: str, *, language: str) -> Mood:
    """What the text says of its author's mood; unknown unless it is English and says anything."""
    if primary(language) != "en":
        return UNKNOWN
    words = bare(text)
    if not any(sign.isalnum() for sign in words):
        return UNKNOWN
    compound = float(_analyzer().polarity_scores(words)["compound"])
    return Mood(_word(compound), round(compound * 1000))


def _word(compound: float) -> str:
    if compound >= CLEAR:
        return Sentiment.POSITIVE
    return Sentiment.NEGATIVE if compound <= -CLEAR else Sentiment.NEUTRAL

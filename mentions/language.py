"""Which language a text is in, where its source doesn't say: a guess that is kept only when it is a good one.

The model is read with the first text: whoever only serves pages never loads it, nor numpy.
"""

from functools import cache
from importlib import import_module
from typing import Any

from mentions.bare import bare

# As BCP 47: what a source calls so is nothing to filter by.
UNTOLD = frozenset({"", "und", "mul", "mis", "zxx"})
# Less than this many bytes of letters say too little: “ok” is a word in most languages.
SHORTEST = 20
# py3langid's own probability, which it keeps comparable whatever the length.
SURE = 0.5


@cache
def _identifier() -> Any:
    # By name: an import would load numpy and half a second of model into every process that could record.
    langid = import_module("py3langid.langid")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def told(language: str) -> str:
    """What a source says, or "" where that is no language."""
    return "" if primary(language) in UNTOLD else language


def primary(language: str) -> str:
    """`pt` of `pt-BR`."""
    return language.partition("-")[0].lower()


def detect(text: str) -> str:
    """A primary subtag such as `en`; "" where the text doesn't say enough."""
    words = bare(text)
    letters = "".join(sign for sign in words if sign.isalpha())
    if len(letters.encode(errors="replace")) < SHORTEST:
        return ""
    language, sureness = _identifier().classify(words)
    return str(language) if sureness >= SURE else ""

"""Which passwords are refused: too short, too long, known from breaches, or quickly guessed.

All of it offline: Django's list of the 20,000 most common passwords and zxcvbn's 30,000, both made from breached data,
and zxcvbn's estimate, which knows the usual disguises (l33t, keyboard walks, dates, names).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from agency.models import Membership

# zxcvbn's work grows with the square of the length; what comes later can only make a password better.
LOOKED_AT = 64
# Out of 4; 2 is a million guesses or more, which is out of reach of who may guess some hundred times a day.
LEAST_SCORE = 2
# More at its ends than that is no trivial disguise any more.
_DISGUISE = 6
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class LengthValidator:
    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) < self.least:
            raise ValidationError(
                f"Use at least {self.least} characters: three or four words that have nothing to do with one another "
                "are easy to remember."
            )
        if len(password) > self.most:
            raise ValidationError(f"Use at most {self.most} characters.")

    def get_help_text(self) -> str:
        return f"At least {self.least} characters."


class GuessableValidator:
    """Refuses what is on a list of breached passwords, and what is guessed soon by who knows the person."""

    def validate(self, password: str, user: Any = None) -> None:
        if is_breached(password):
            raise ValidationError(
                "This password is on the lists of leaked passwords that are tried first. Choose another.",
                code="password_breached",
            )
        found = zxcvbn(password[:LOOKED_AT], user_inputs=[*words_about(user)])
        if found["score"] < LEAST_SCORE:
            theirs = any(part.get("dictionary_name") == "user_inputs" for part in found["sequence"])
            raise ValidationError(
                "This is quickly guessed by who knows your name, mail address or agency. Choose something else."
                if theirs
                else "This is quickly guessed: add a word or two that don't belong together.",
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        return "Not one that you use elsewhere."


def is_breached(password: str) -> bool:
    """Whether it is on a list, whatever its case, and with or without some digits and signs at its ends."""
    lowered = password.lower().strip()
    core = _ENDS.sub("", lowered)
    known = _breached()
    return lowered in known or (len(lowered) - len(core) <= _DISGUISE and core in known)


@cache
def _breached() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords) | frozenset(FREQUENCY_LISTS["passwords"])


def words_about(user: Any) -> Iterator[str]:
    """What a guesser who knows the person would try."""
    yield "earshot"
    if user is None:
        return
    for text in (user.email, user.name, *_agencies(user)):
        yield text
        yield from (word for word in re.split(r"[\W_]+", text) if len(word) > 2)


def _agencies(user: Any) -> list[str]:
    return list(
        Membership.objects.filter(user_id=user.pk, left_at=None).values_list("agency__name", flat=True)[:20]
    )

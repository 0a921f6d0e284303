"""What follows when a clock warns or breaches, and when an urgent mention arrives: the ladder."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mentions.models import Mention
from workflows.models import Clock


@dataclass(frozen=True, slots=True)
class Fired:
    """A step of a clock that has just been written down, with its mention's locked row."""

    clock: Clock
    mention: Mention
    step: str
    at: datetime


def escalate(fired: Sequence[Fired], *, now: datetime) -> None:
    """In the transaction that fired the steps: set alarms for those that a ladder answers, and nothing more."""


def escalate_urgent(mentions: Sequence[Mention], *, now: datetime) -> None:
    """In the transaction that recorded the mentions or made them urgent; others are passed over."""

"""The rules of webhooks: when a delivery is tried again, and when an endpoint is left in peace, warned about, disabled.

Pure: no clock, no database.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# The schedule of the Standard Webhooks specification: the wait before each attempt. Ten attempts in 75 h 35 min.
SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# So much of a wait is left to chance, so that what failed together doesn't come back together.
JITTER = 0.1
# A receiver may ask for more patience than the schedule has, but not for any.
LONGEST_RETRY_AFTER = timedelta(hours=24)
LONGEST_PAUSE = timedelta(hours=1)
ASKS_FOR_PATIENCE = frozenset({429, 503})

# Of one endpoint at once: while it answers; while it fails, or is slow, one at a time.
IN_FLIGHT, PROBE = 3, 1
SLOW_SECONDS = 3.0
REST_MOST = timedelta(seconds=60)

# Nothing but failures for so long.
WARN_AFTER, DISABLE_AFTER = timedelta(days=1), timedelta(days=5)
# How long both secrets are good for.
OVERLAP, LONGEST_OVERLAP = timedelta(hours=24), timedelta(days=7)

TEST = "webhook.test"


def next_wait(tries: int, roll: float) -> timedelta | None:
    """How long to wait after so many tries in vain; None where it is over.

    Args:
        roll: chance, from 0 to 1.
    """
    if tries >= len(SCHEDULE):
        return None
    return SCHEDULE[tries] * (1 + JITTER * (2 * roll - 1))


def asked_wait(status: int | None, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The patience that a receiver asks for by Retry-After, in seconds or as a date; None where it doesn't, or talks
    nonsense."""
    said = headers.get("retry-after", "").strip()
    if status not in ASKS_FOR_PATIENCE or not said:
        return None
    wait = _seconds(said) if said.isdecimal() else _until(said, now)
    return None if wait is None else min(max(wait, timedelta(0)), LONGEST_RETRY_AFTER)


def _seconds(said: str) -> timedelta | None:
    return timedelta(seconds=int(said)) if said.isascii() and len(said) <= 9 else LONGEST_RETRY_AFTER


def _until(said: str, now: datetime) -> timedelta | None:
    try:
        at = parsedate_to_datetime(said)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None


def rest(failures: int, seconds: float) -> timedelta:
    """How long to leave an endpoint in peace after so many failures in a row, the last of which took so long.

    One that fails at once is asked again soon, and ever less soon; one that hangs may not keep a worker from its other
    work for more than a third of the time.
    """
    growing = timedelta(seconds=2 ** min(failures - 3, 6)) if failures > 2 else timedelta(0)
    fair = timedelta(seconds=2 * seconds) if seconds >= SLOW_SECONDS else timedelta(0)
    return min(max(growing, fair), REST_MOST)

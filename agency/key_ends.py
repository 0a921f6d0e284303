"""When it is told that a key is going to end: a week before, and a day before."""

from datetime import datetime, timedelta

# The kind of the alarm that wakes for it, and of the mail.
ENDS = "key.ends"
BEFORE = (timedelta(days=7), timedelta(days=1))


def next_warning(expires_at: datetime | None, *, after: datetime) -> datetime | None:
    """The next time at which it is told; None where there is none to come.

    Who makes a key that lives for less than a week knows: they are told a day before, or not at all.
    """
    if expires_at is None:
        return None
    return min((expires_at - ahead for ahead in BEFORE if expires_at - ahead > after), default=None)

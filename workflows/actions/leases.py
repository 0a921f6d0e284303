"""Claims are leases: this long without any action, and the mention goes back to the queue (`idle.py`)."""

from datetime import datetime, timedelta

from agency.actions.alarms import clear_alarms, set_alarm
from mentions.models import Mention
from mentions.words import State
from workflows.words import CLAIM_IDLE

IDLE = timedelta(minutes=60)


def keep_lease(mention: Mention, *, now: datetime) -> None:
    """Begin the lease of a mention that is claimed now, and end that of one that isn't."""
    if mention.state == State.CLAIMED:
        set_alarm(CLAIM_IDLE, mention.pk, now + IDLE)
    else:
        clear_alarms(CLAIM_IDLE, [mention.pk])

"""What becomes of a channel by how its notices fare: after several that were given up it is disabled, and its owner told."""

from datetime import datetime

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notice_queue import queue_notice
from agency.actor import system
from agency.models import Channel

# Notices in a row that were given up, each after its own attempts.
GIVEN_UP = 3
DISABLED = "channel.disabled"


def note_success(channel: Channel | None) -> None:
    if channel is not None and channel.failures:
        Channel.objects.filter(pk=channel.pk).update(failures=0)


def note_failure(channel: Channel, why: str, *, gone: bool, now: datetime) -> None:
    """A notice was given up. `gone`: the other side says that there is nobody any more, so that one is enough."""
    # Whoever queues a notice for this channel refers to it, which this lock lets be.
    locked = Channel.objects.select_for_update(no_key=True).filter(pk=channel.pk).first()
    if locked is None or locked.disabled_at is not None:
        return
    locked.failures += 1
    if gone or locked.failures >= GIVEN_UP:
        locked.disabled_at, locked.disabled_why = now, why[:300]
        record("channel.disabled", by=system(locked.agency_id), subject=locked, now=now, details={"why": why})
        emit("channel.disabled", subject=locked, now=now, data={"kind": locked.kind})
        _tell_owner(locked, now)
    locked.save(update_fields=["failures", "disabled_at", "disabled_why"])


def _tell_owner(channel: Channel, now: datetime) -> None:
    """By mail: no other way is known to work."""
    owner = channel.member or channel.created_by
    if owner is not None and owner.left_at is None:
        queue_notice(
            kind=DISABLED,
            to=owner.user.email,
            to_name=owner.name[:120],
            subject_id=channel.pk,
            recipient_id=owner.pk,
            now=now,
        )

"""Storms: where much is urgent at once, everybody is told of the first few one by one, and then of the others together.

A thousand urgent mentions are thousand climbs, each of which is claimed or acknowledged by itself; but nobody reads a
thousand mails, and a mailbox that takes no more tells of nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.alarms import set_alarms
from agency.actions.notice_queue import SEND
from agency.actions.notices import notify_member, notify_rooms, queue_notice
from agency.ids import new_id
from agency.models import Membership, Notice
from clients.models import Contact
from workflows.words import CLIMB_TOLD, CLIMBS_TOLD, URGENT, URGENTS

# So many in so long come one by one.
SINGLE, WHILE = 10, timedelta(minutes=10)
# The others are gathered for so long, and the next ones longer.
GATHER, APART = timedelta(minutes=1), timedelta(minutes=5)
TOGETHER = "With others, in one message."
# Of a message: the one that gathers the others.
_GATHERS = {CLIMB_TOLD: CLIMBS_TOLD, URGENT: URGENTS}


@dataclass(slots=True)
class Crowd:
    """What recipients were told of one kind lately. Kept for one transaction. A room's recipient is None: all rooms."""

    kind: str
    now: datetime
    counts: dict[UUID | None, int] = field(default_factory=dict)
    gathering: set[UUID | None] = field(default_factory=set)

    def is_full(self, recipient: UUID | None) -> bool:
        """Whether they have been told of so many that this one is told with others; else it counts."""
        if recipient not in self.counts:
            rows = Notice.objects.filter(kind=self.kind, created_at__gt=self.now - WHILE)
            rows = rows.filter(recipient_id=recipient) if recipient else rows.filter(member=None)
            rows = rows.exclude(state=Notice.State.FAILED)
            self.counts[recipient] = rows.values("subject_id").distinct().count()
        if self.counts[recipient] >= SINGLE:
            return True
        self.counts[recipient] += 1
        return False

    def gather(self, whom: Membership | Contact | None) -> None:
        """See to it that one message will tell them, which says what it tells when it is sent."""
        recipient = whom.pk if whom else None
        if recipient in self.gathering:
            return
        self.gathering.add(recipient)
        rows = Notice.objects.filter(kind=_GATHERS[self.kind])
        rows = rows.filter(recipient_id=recipient) if recipient else rows.filter(member=None)
        # Locked, so that it is written after we are done. One that somebody else holds may be written by now.
        waiting = rows.filter(state=Notice.State.QUEUED, attempts=0)
        if list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)):
            return
        last = rows.order_by("-created_at").values_list("created_at", flat=True).first()
        due = max(self.now + GATHER, last + APART) if last else self.now + GATHER
        made = self._queued(whom)
        Notice.objects.filter(pk__in=[notice.pk for notice in made]).update(not_before=due)
        set_alarms(SEND, {notice.pk: due for notice in made})

    def _queued(self, whom: Membership | Contact | None) -> list[Notice]:
        # It is about many: none of them takes it along when it is erased.
        kind, about = _GATHERS[self.kind], new_id()
        if whom is None:
            return notify_rooms(kind=kind, subject_id=about, urgent=True, now=self.now)
        if isinstance(whom, Membership):
            return notify_member(whom, kind=kind, subject_id=about, urgent=True, now=self.now)
        notice = queue_notice(
            kind=kind,
            to=whom.email,
            to_name=whom.name,
            subject_id=about,
            recipient_id=whom.pk,
            client_id=whom.client_id,
            now=self.now,
        )
        return [notice]

"""How long closed mentions of a client are kept, and deleting them when their time is over. Open ones always stay."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from agency.actions.alarms import clear_alarms, on_alarm, set_alarm
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor, system
from agency.errors import Conflict, Invalid
from agency.rights import Right
from agency.tenancy import current_agency
from clients.models import Client
from mentions.models import Mention
from mentions.words import CLOSED, State
from workflows.actions.deletion import BATCH, delete_mentions
from workflows.models import Transition, Version
from workflows.words import RETENTION

LEAST, MOST = 7, 3650
SOON, DAILY = timedelta(seconds=2), timedelta(days=1)


class WouldDelete(Conflict):
    """The new time would delete something at once, and nobody has said yes to that."""

    code, title = "confirm_deletion", "This deletes mentions"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a client's retention would delete at this moment. `newest`: when the last of it was found."""

    mentions: int
    answered: int
    dismissed: int
    reply_versions: int
    newest: datetime | None

    def sentence(self) -> str:
        if not self.mentions:
            return "Nothing is that old yet, so nothing is deleted now."
        noun = "mention" if self.mentions == 1 else "mentions"
        return (
            f"This deletes {self.mentions} closed {noun} now ({self.answered} answered, {self.dismissed} dismissed), with "
            f"{self.reply_versions} versions of replies and everything else that was done about them."
        )


def due_mentions(client_id: UUID, *, keep_days: int, now: datetime) -> "QuerySet[Mention]":
    """Those that have been closed, and untouched, for longer than that."""
    before = now - timedelta(days=keep_days)
    later = Transition.objects.filter(mention=OuterRef("pk"), at__gte=before)
    mentions: QuerySet[Mention] = Mention.objects.filter(
        ~Exists(later), client_id=client_id, state__in=CLOSED, recorded_at__lt=before
    )
    return mentions


def preview_retention(client: Client, *, keep_days: int | None, by: Actor, now: datetime) -> Preview:
    """Raises: Invalid, for a number of days that can't be chosen."""
    by.require(Right.DATA)
    _check(keep_days)
    if keep_days is None:
        return Preview(0, 0, 0, 0, None)
    due = due_mentions(client.pk, keep_days=keep_days, now=now)
    counts = due.aggregate(
        all=Count("id"),
        answered=Count("id", filter=Q(state=State.RESPONDED)),
        dismissed=Count("id", filter=Q(state=State.DISMISSED)),
        newest=Max("recorded_at"),
    )
    versions = Version.objects.filter(response__mention__in=due.values("pk")).count()
    return Preview(counts["all"], counts["answered"], counts["dismissed"], versions, counts["newest"])


def _check(keep_days: int | None) -> None:
    if keep_days is not None and not LEAST <= keep_days <= MOST:
        raise Invalid.field("keep_days", f"Between {LEAST} and {MOST} days, or for ever.")


def change_retention(
    client: Client, *, keep_days: int | None, confirmed: bool, by: Actor, now: datetime
) -> Client:
    """Keep closed mentions for so many days, or (None) for ever.

    Raises:
        Invalid: fewer days than can be chosen, or more.
        WouldDelete: something would be deleted at once, and `confirmed` doesn't say that it was seen.
    """
    preview = preview_retention(client, keep_days=keep_days, by=by, now=now)
    if preview.mentions and not confirmed:
        raise WouldDelete(f"{preview.sentence()} Confirm that.")
    before, client.keep_days = client.keep_days, keep_days
    if before != keep_days:
        client.save(update_fields=["keep_days"])
        record(
            "client.retention_changed",
            by=by,
            subject=client,
            now=now,
            details={"keep_days": [before, keep_days], "deleted_now": preview.mentions},
        )
        emit("client.retention_changed", subject=client, now=now, data={"keep_days": [before, keep_days]})
    if keep_days is None:
        clear_alarms(RETENTION, [client.pk])
    else:
        set_alarm(RETENTION, client.pk, now)
    return client


def delete_due(client: Client, *, now: datetime) -> Counter[str]:
    """One batch of what is over its time; whatever somebody works on at this moment waits for the next day."""
    if client.keep_days is None:
        return Counter()
    due = due_mentions(client.pk, keep_days=client.keep_days, now=now)
    gone = delete_mentions(due, skip_locked=True, remember=now)
    if gone:
        told = {"mentions": gone["mentions"], "keep_days": client.keep_days}
        record("client.retention_applied", by=system(current_agency()), subject=client, now=now, details=told)
        emit("client.retention_applied", subject=client, now=now, data=told)
    return gone


@on_alarm(RETENTION)
def keep_to_retention(clients: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """One batch a wake-up, in all: the rest of it, and the other clients, come at the next ticks."""
    upcoming: dict[UUID, datetime | None] = {}
    busy = False
    for client in Client.objects.filter(pk__in=clients, keep_days__isnull=False).order_by("id"):
        if busy:
            upcoming[client.pk] = now + SOON
            continue
        deleted = delete_due(client, now=now)["mentions"]
        busy = deleted > 0
        upcoming[client.pk] = now + (SOON if deleted == BATCH else DAILY)
    return upcoming

"""Erasing, step by step: each a transaction that holds the erasure's row, so that many workers do no harm, and one that
dies has done whole steps; whoever comes next goes on."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import Model

from agency.actions.alarms import clear_alarms
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.idempotency import forget_answers
from agency.actor import system
from agency.models import ApiKey, Erasure, Membership, WebhookEndpoint
from agency.tenancy import current_agency, tenant
from clients.models import Client
from mentions.actions.threads import forget_names
from mentions.models import Author, ForgottenAuthor, Mention, Message, Post, Source, SourceRead
from workflows.actions.agency_erasing import erase_agency_step
from workflows.actions.deletion import BATCH, delete_found, delete_mentions, delete_rows, forget_told
from workflows.actions.exports import drop_files
from workflows.inventory import everything, kept
from workflows.words import ERASE

log = structlog.get_logger("earshot.erasures")

# Of one run of the task; the alarm rings for the next one.
SECONDS = 60.0
ROWS = 5000


def erase(
    agency_id: UUID, erasure_id: UUID, *, clock: Callable[[], datetime], seconds: float = SECONDS
) -> bool:
    """Go on with an erasure, for so many seconds; whether it is over. Harmless when run twice, at once or never."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with tenant(agency_id):
            erasure = (
                Erasure.objects.select_for_update(skip_locked=True)
                .filter(pk=erasure_id, due_at__lte=clock(), state__in=["waiting", "running"])
                .first()
            )
            if erasure is None:
                return not Erasure.objects.filter(pk=erasure_id, state__in=["waiting", "running"]).exists()
            over = _step(erasure, clock())
        if over is not None:
            return over
    return False


def _step(erasure: Erasure, now: datetime) -> bool | None:
    """True: it is over; False: it has to wait for something; None: there is more to do."""
    if erasure.kind == Erasure.Kind.AGENCY:
        return erase_agency_step(erasure) or None
    gone = _erase_author(erasure) if erasure.kind == Erasure.Kind.AUTHOR else _erase_client(erasure)
    counts = Counter(erasure.counts) + (gone or Counter())
    erasure.state, erasure.counts = Erasure.State.RUNNING, dict(counts)
    over = None
    if gone is None:
        # An export that is being made holds what was there before: its file must be waited for, and go as well.
        over = drop_files()
    if over:
        _finish(erasure, now)
    erasure.save(update_fields=["state", "counts", "finished_at"])
    return over


def _finish(erasure: Erasure, now: datetime) -> None:
    erasure.state, erasure.finished_at = Erasure.State.DONE, now
    forget_answers()
    clear_alarms(ERASE, [erasure.pk])
    told = {name: erasure.counts.get(name, 0) for name in ("mentions", "posts", "authors")}
    details = {"kind": erasure.kind, **{name: count for name, count in told.items() if count}}
    record("data.erased", by=system(current_agency()), subject=erasure, now=now, details=details)
    emit("data.erased", subject=erasure, now=now, data={"kind": erasure.kind})
    block = ForgottenAuthor.objects.filter(erasure_id=erasure.pk).first()
    # What `replay_erasures` needs after a backup was restored, where these rows may be younger than the backup.
    log.info(
        "erased",
        agency=str(current_agency()),
        kind=erasure.kind,
        id=str(erasure.about_id),
        platform=block.platform if block else "",
        digest=block.digest if block else "",
        at=now.isoformat(),
    )


def _erase_author(erasure: Erasure) -> Counter[str] | None:
    """A batch of what there is of the author; None when nothing is left."""
    author_id = erasure.about_id
    gone = delete_mentions(
        Mention.objects.filter(post__author_id=author_id), skip_locked=False, remember=None
    )
    if gone["mentions"]:
        return gone
    # Posts that were no mention of any client, or lost it before.
    posts = list(Post.objects.filter(author_id=author_id).order_by("id").values_list("pk", flat=True)[:BATCH])
    if posts:
        forget_told(posts)
        forget_names(posts)
        joined = list(Message.objects.filter(post_id__in=posts).values_list("pk", flat=True))
        return +Counter(conversation_messages=delete_rows(Message, joined), posts=delete_rows(Post, posts))
    forget_told([author_id])
    return Counter(authors=1) if delete_rows(Author, [author_id]) else None


def _erase_client(erasure: Erasure) -> Counter[str] | None:
    """A batch of what there is of the client; None when nothing is left."""
    client_id = erasure.about_id
    gone = delete_mentions(Mention.objects.filter(client_id=client_id), skip_locked=False, remember=None)
    if gone["mentions"]:
        return gone
    reads = SourceRead.objects.filter(source__client_id=client_id).order_by("id")
    ids = list(reads.values_list("pk", flat=True)[:ROWS])
    if ids:
        return Counter(readings=delete_rows(SourceRead, ids))
    if Client.objects.filter(pk=client_id).exists():
        return _erase_house_of(client_id)
    return None


def _erase_house_of(client_id: UUID) -> Counter[str]:
    """The client itself and all that is its own, in one go: contacts, listening, promises, sources, templates."""
    own = list(Source.objects.filter(client_id=client_id).values_list("pk", flat=True))
    # Posts that other clients' mentions still need.
    Post.objects.filter(source_id__in=own).update(source=None)
    _end_limits(client_id)
    found: list[tuple[type[Model], str, list[UUID]]] = []
    for model, entry in kept():
        counts = model._meta.label in {"mentions.Tally", "workflows.PromiseTally"}
        if entry.client and not entry.author and not entry.subject and not counts:
            rows = everything(model).filter(**{entry.client: client_id})
            found.append((model, entry.file, list(rows.values_list("pk", flat=True))))
    gone = forget_told([pk for _, _, ids in found for pk in ids], client_id=client_id)
    return gone + delete_found(found)


def _end_limits(client_id: UUID) -> None:
    """Members, keys and webhooks that were limited to the client have one less; to none, if it was the only one."""
    for holder in (Membership, ApiKey, WebhookEndpoint):
        for row in holder.objects.select_for_update().filter(client_ids__contains=[client_id]).order_by("id"):
            row.client_ids = [other for other in row.client_ids or [] if other != client_id]
            row.save(update_fields=["client_ids"])

"""Accounts that are never collected again, and taking that back."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.rights import Right
from mentions.models import Author, ForgottenAuthor
from mentions.queries.forgotten import digest_of, hold_memory


def forget_author(author: Author, *, erasure_id: UUID, by: Actor, now: datetime) -> ForgottenAuthor:
    """From now on, what this account posts is passed over. Waits for pages that are being recorded."""
    by.require(Right.DATA)
    hold_memory(change=True)
    forgotten: ForgottenAuthor
    forgotten, _ = ForgottenAuthor.objects.get_or_create(
        platform=author.platform,
        digest=digest_of(author.key),
        defaults={"erasure_id": erasure_id, "since": now, "by_name": by.name[:120]},
    )
    return forgotten


def lift_block(block: ForgottenAuthor, *, by: Actor, now: datetime) -> None:
    """Collect what the account posts again, from the next reading on; what was erased stays erased."""
    by.require(Right.DATA)
    record("author.block_lifted", by=by, subject=block, now=now, details={"since": block.since.isoformat()})
    emit("author.block_lifted", subject=block, now=now)
    _of(block).delete()


def _of(block: ForgottenAuthor) -> "QuerySet[ForgottenAuthor]":
    found: QuerySet[ForgottenAuthor] = ForgottenAuthor.objects.filter(pk=block.pk)
    return found

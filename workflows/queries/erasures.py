"""Guarded access to erasures and to the accounts that aren't collected any more."""

from uuid import UUID

from django.db.models import QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.models import Erasure
from agency.rights import Right
from mentions.models import ForgottenAuthor


def list_erasures(*, by: Actor) -> "QuerySet[Erasure]":
    by.require(Right.DATA)
    by.require_all_clients()
    erasures: QuerySet[Erasure] = Erasure.objects.all()
    return erasures


def get_erasure(erasure_id: UUID, *, by: Actor) -> Erasure:
    """Raises: NotFound."""
    erasure = list_erasures(by=by).filter(pk=erasure_id).first()
    if erasure is None:
        raise NotFound
    return erasure


def list_blocks(*, by: Actor) -> "QuerySet[ForgottenAuthor]":
    by.require(Right.DATA)
    by.require_all_clients()
    blocks: QuerySet[ForgottenAuthor] = ForgottenAuthor.objects.all()
    return blocks


def get_block(block_id: UUID, *, by: Actor) -> ForgottenAuthor:
    """Raises: NotFound."""
    block = list_blocks(by=by).filter(pk=block_id).first()
    if block is None:
        raise NotFound
    return block


def reasons_of(blocks: "list[ForgottenAuthor]") -> dict[UUID, str]:
    """Erasure → why it was asked for."""
    ids = [block.erasure_id for block in blocks if block.erasure_id]
    return {
        erasure.pk: Erasure.Reason(erasure.reason).label for erasure in Erasure.objects.filter(pk__in=ids)
    }

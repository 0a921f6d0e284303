"""Requests to clients' contacts to decide, as lists and one by one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.rights import Right
from workflows.models import Approval, Decision, Version
from workflows.queries.desk import Asked, asked_of
from workflows.queries.mention import decisions_of


@dataclass(frozen=True, slots=True)
class Request:
    """A request with what became of it: who was asked, how their mail fared, and who decided what.

    `versions`: of the reply, newest first; the one that is asked for is the approval's own.
    """

    approval: Approval
    asked: list[Asked]
    decisions: list[Decision]
    versions: list[Version]


def list_requests(
    *, by: Actor, mention_id: UUID | None = None, client_id: UUID | None = None, state: str = ""
) -> "QuerySet[Any]":
    """Of the clients that they work for; order comes from the pager."""
    by.require(Right.READ)
    found = Approval.objects.select_related("version__response", "mention__client")
    if mention_id is not None:
        found = found.filter(mention_id=mention_id)
    if client_id is not None:
        found = found.filter(mention__client_id=client_id)
    return found.filter(state=state) if state else found


def get_request(approval_id: UUID, *, by: Actor) -> Request:
    """Raises: NotFound."""
    approval: Approval | None = list_requests(by=by).filter(pk=approval_id).first()
    if approval is None:
        raise NotFound
    decisions = decisions_of(approval)
    standing = [d for d in decisions if d.state in {Decision.State.PENDING, Decision.State.EFFECTIVE}]
    versions = Version.objects.filter(response_id=approval.version.response_id).order_by("-number")
    return Request(approval, asked_of(approval, standing), decisions, list(versions))

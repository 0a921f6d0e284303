"""Every table that holds something of an agency: whom a row is about, and how it is called in an export.

A new model that isn't here fails a test (tests/contracts/test_inventory.py), so that nothing can be forgotten when
somebody asks for all that we know about them, or that all of it goes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from agency.sealed import SealedField
from agency.tenancy import current_agency


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept in one table. A path that is "" leads nowhere: no row of the table is about such a thing.

    Attributes:
        file: its name in an export; "" for what never leaves, `why` says why.
        client, author: the path to the id of the client or author that a row is about.
        work: the path to the id of the mention whose work a row is part of; it goes with the mention, and says by it
            which client and author it is about.
        subject: columns with the id of what a row is about, whatever that is.
        hidden: columns that are never exported: digests by which something is found, secrets.
        more: further columns, by their path.
    """

    file: str = ""
    why: str = ""
    client: str = ""
    author: str = ""
    work: str = ""
    subject: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    more: dict[str, str] = field(default_factory=dict)

    def path(self, kind: str) -> str:
        """To the id of the client or author."""
        if self.work:
            return f"{self.work}__{'client' if kind == 'client' else 'post__author'}"
        return self.client if kind == "client" else self.author


MACHINE = "the machine's own: when to look at something again"

INVENTORY: dict[str, Kept] = {
    # Who we are
    "agency.Agency": Kept("agency", hidden=frozenset({"salt"})),
    "agency.Membership": Kept("members", more={"email": "user__email", "name": "user__name"}),
    "agency.ApiKey": Kept("api_keys", hidden=frozenset({"digest", "old_digest"})),
    "agency.IdentityProvider": Kept("identity_provider"),
    "agency.Identity": Kept("identities"),
    "agency.AuditEntry": Kept("activity", subject=("subject_id",)),
    "agency.AuditLink": Kept("activity_chain"),
    "agency.AuditChain": Kept("activity_chain_head"),
    "agency.Event": Kept("events", subject=("subject_id",)),
    "agency.FeedPlace": Kept("event_numbers"),
    "agency.Channel": Kept("channels"),
    "agency.Notice": Kept("mails", subject=("subject_id", "recipient_id")),
    "agency.NoticeAttempt": Kept("mail_attempts"),
    "agency.AckLink": Kept("acknowledgement_links", hidden=frozenset({"digest"})),
    "agency.WebhookEndpoint": Kept("webhooks"),
    "agency.WebhookReplay": Kept("webhook_replays"),
    "agency.WebhookDelivery": Kept("webhook_deliveries", client="client_id"),
    "agency.WebhookAttempt": Kept("webhook_attempts", client="delivery__client_id"),
    "agency.Alarm": Kept(why=MACHINE),
    "agency.StoredAnswer": Kept(
        why="answers of calls, sealed and kept for a day so that they can be sent again"
    ),
    "agency.Export": Kept("exports"),
    "agency.ExportPart": Kept(why="an export holds no export"),
    "agency.Erasure": Kept("erasures"),
    # For whom
    "clients.Client": Kept("clients", client="id"),
    "clients.Contact": Kept("contacts", client="client"),
    "clients.ViewLink": Kept("view_links", client="client", hidden=frozenset({"digest", "address_digest"})),
    "clients.Query": Kept("listening", client="client"),
    "clients.ApprovalPolicy": Kept("approval_policies", client="client"),
    "clients.Calendar": Kept("calendars", client="client"),
    "clients.CalendarVersion": Kept("calendar_versions", client="calendar__client"),
    "clients.SlaPolicy": Kept("promises", client="client"),
    "clients.SlaTarget": Kept("promised_times", client="policy__client"),
    "clients.PromiseSpread": Kept(
        why="the machine's own: how far a change has reached the clocks", client="client"
    ),
    "clients.Template": Kept("playbook", client="client"),
    "clients.Ladder": Kept("ladders", client="client"),
    "clients.Rota": Kept("rotas", client="client"),
    "clients.RotaLayer": Kept("rota_layers", client="rota__client"),
    "clients.RotaOverride": Kept("rota_overrides", client="rota__client"),
    "clients.MemberHours": Kept("members_hours"),
    # What was said
    "mentions.Source": Kept("sources", client="client"),
    "mentions.SourceRead": Kept("readings", client="source__client"),
    "mentions.Author": Kept("authors", client="posts__mentions__client", author="id"),
    "mentions.Post": Kept("posts", client="mentions__client", author="author"),
    "mentions.Mention": Kept("mentions", client="client", author="post__author"),
    "mentions.Message": Kept(
        "conversation_messages",
        work="mention",
        more={"text": "post__text", "url": "post__url", "published_at": "post__published_at"},
    ),
    "mentions.OwnAccount": Kept("own_accounts", client="client", hidden=frozenset({"digest"})),
    "mentions.ThreadKey": Kept(why="digests by which posts of one conversation are found"),
    "mentions.SearchEntry": Kept(why="the words of posts over again, for searching", work="mention"),
    "mentions.Tally": Kept("counts_of_deleted_mentions", client="client_id"),
    "workflows.PromiseTally": Kept("counts_of_kept_promises", client="client_id"),
    "mentions.ForgottenAuthor": Kept("forgotten_authors", hidden=frozenset({"digest"})),
    "mentions.PastMention": Kept(
        why="digests by which deleted mentions aren't taken for new ones", client="client_id"
    ),
    # What was done about it
    "workflows.Transition": Kept("moves", work="mention"),
    "workflows.Clock": Kept("clocks", work="mention"),
    "workflows.ClockEvent": Kept("clock_warnings", work="clock__mention"),
    "workflows.Excuse": Kept("excuses", work="clock__mention"),
    "workflows.Escalation": Kept("escalations", work="mention"),
    "workflows.EscalationLine": Kept("escalation_lines", work="escalation__mention"),
    "workflows.AlertLink": Kept(
        "alert_links", work="mention", hidden=frozenset({"digest", "address_digest"})
    ),
    "workflows.Response": Kept("replies", work="mention"),
    "workflows.Version": Kept("reply_versions", work="response__mention"),
    "workflows.Approval": Kept("approvals", work="mention"),
    "workflows.ApprovalLink": Kept(
        "approval_links", work="approval__mention", hidden=frozenset({"digest", "address_digest"})
    ),
    "workflows.Decision": Kept("decisions", work="approval__mention"),
    "workflows.Publication": Kept("publications", work="mention"),
    "workflows.Attempt": Kept("publication_attempts", work="publication__mention"),
}


def kept() -> Iterator[tuple[type[Model], Kept]]:
    """Every model with what is said of it here."""
    for label, entry in INVENTORY.items():
        yield apps.get_model(label), entry


def everything(model: type[Model]) -> "QuerySet[Any]":
    """All rows of the agency that was entered."""
    managed: Any = model
    own = "pk" if model._meta.label == "agency.Agency" else "agency_id"
    rows: QuerySet[Any] = managed.objects.filter(**{own: current_agency()})
    return rows


def rows_about(
    model: type[Model], entry: Kept, *, kind: str, about_id: UUID | None
) -> "QuerySet[Any] | None":
    """The rows about the agency, or about one client or author; None where the table holds none."""
    rows = everything(model)
    if kind == "agency" or about_id is None:
        return rows
    if entry.subject:
        return rows.filter(_told_about(model, entry, kind, about_id))
    path = entry.path(kind)
    return _by(model, path, about_id) if path else None


def _by(model: type[Model], path: str, about_id: UUID) -> "QuerySet[Any]":
    found = everything(model).filter(**{path: about_id})
    # A way over several rows (a client's posts by their mentions) finds the same row several times.
    return (
        everything(model).filter(pk__in=found.values("pk"))
        if path.count("__") or "mentions" in path
        else found
    )


def _told_about(model: type[Model], entry: Kept, kind: str, about_id: UUID) -> Q:
    """That something which has no foreign key is about it, or about anything that is."""
    condition = Q()
    for other, other_entry in kept():
        path = other_entry.path(kind)
        if path and not other_entry.subject:
            ids = _by(other, path, about_id).values("pk")
            for column in entry.subject:
                condition |= Q(**{f"{column}__in": ids})
    if kind == "client" and any(f.name == "client_id" for f in model._meta.local_fields):
        condition |= Q(client_id=about_id)
    return condition


def columns(model: type[Model], entry: Kept) -> list[str]:
    """What of a row is exported: never what is sealed or hidden, nor the agency, which is the same in all."""
    return [
        column.attname
        for column in model._meta.local_fields
        if column.attname != "agency_id"
        and column.attname not in entry.hidden
        and not isinstance(column, SealedField)
    ]

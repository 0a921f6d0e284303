"""Everything that was known of one mention and done with it, with what proves it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from agency import chain
from agency.actor import Actor
from agency.models import AuditChain, AuditEntry, AuditLink, Notice
from agency.queries.people import get_agency
from agency.rights import Right
from agency.tenancy import current_agency
from clients.models import CalendarVersion
from mentions.models import Mention, Message
from mentions.queries.mentions import get_mention, source_for
from workflows.ledger import sentence
from workflows.models import (
    Approval,
    ApprovalLink,
    Attempt,
    Clock,
    ClockEvent,
    Decision,
    Excuse,
    Publication,
    Response,
    Transition,
    Version,
)
from workflows.queries.ledgers import ledger_of

Row = dict[str, Any]

_AUTHORED = ("author_kind", "author_id", "author_name")
_VERSION = ("id", "response_id", "number", "text", "target_url", "post_hash", "lane", "digest", *_AUTHORED)
_MOVED = ("version", "move", "from_state", "to_state", "at", "actor_kind", "actor_id", "actor_name", "note")
_DECIDED = ("verdict", "reasons", "comment", "channel", "address", "at", "effective_at", "state", "digest")
_TRIED = ("publication_id", "number", "what", "started_at", "finished_at", "outcome", "error_code", "error")
_PUBLISHED = (
    "id",
    "version_id",
    "lane",
    "state",
    "approved_digest",
    "external_id",
    "url",
    "error_code",
    "error",
)
_CLOCK = (
    *("id", "kind", "instance", "target", "used", "started_at", "stopped_at", "due_at", "breached_at"),
    *("excused_late", "annulled", "grace", "inherited", "fired", "match", "calendar_id", "calendar_version"),
)
_EXCUSED = (
    *("id", "clock_id", "state", "reason", "text", "asked_by", "asked_by_name", "asked_at"),
    *("decided_by", "decided_by_name", "decided_at", "note"),
)
_HOURS = (
    *("calendar_id", "version", "effective_from", "zone", "week", "exceptions", "country", "region"),
    *("holidays", "created_at", "created_by"),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goes into a pack.

    Attributes:
        mention: the post as it was seen, for whom, why, and how it stands.
        history: what was done, by kind, each oldest first.
        entries: the audit entries of the mention and its parts, with all that their hashes are made of.
        first: the number of the first of them; 0 where there is none.
    """

    mention: Row
    history: dict[str, Any]
    entries: list[Row]
    first: int
    head: Row


def get_evidence(mention_id: UUID, *, by: Actor, now: datetime) -> Evidence:
    """Raises: NotFound; Forbidden: without the right to the log."""
    mention = get_mention(mention_id, by=by, right=Right.AUDIT)
    history = _history(mention, now)
    entries = _entries([mention.pk, *_parts(history)])
    head = AuditChain.objects.values("seq", "hash").first() or {"seq": 0, "hash": chain.ORIGIN}
    return Evidence(_mention(mention, by, now), history, entries, entries[0]["seq"] if entries else 0, head)


def links_from(first: int) -> Iterator[Row]:
    """The chain from the link before `first` to its end: numbers and hashes alone, nothing of what they stand for."""
    links = AuditLink.objects.filter(seq__gte=first - 1).order_by("seq")
    return links.values("seq", "payload_digest", "hash").iterator(chunk_size=2000) if first else iter(())


def _mention(mention: Mention, by: Actor, now: datetime) -> Row:
    post, query = mention.post, mention.query
    author, source = post.author, source_for(mention)
    agency = get_agency(by=by)
    return {
        "id": mention.pk,
        "agency": {"id": agency.pk, "name": agency.name},
        "client": {"id": mention.client_id, "name": mention.client.name},
        "post": {
            "id": post.pk,
            "platform": post.platform,
            "url": post.url,
            "title": post.title,
            "text": post.text,
            "text_sha256": post.text_hash,
            "key": post.key,
            "published_at": post.published_at,
            "published_guessed": post.published_guessed,
            "in_reply_to": post.in_reply_to,
            "conversation": post.conversation,
            "seen_at": post.seen_at,
            "author": {"id": author.pk, "name": author.name, "url": author.url} if author else None,
            "source": {"id": source.pk, "name": source.name, "kind": source.kind} if source else None,
        },
        "matched": mention.matched,
        "query": query
        and {
            "version": query.version,
            "any_terms": query.any_terms,
            "none_terms": query.none_terms,
            "urgent_terms": query.urgent_terms,
        },
        "state": mention.state,
        "version": mention.version,
        "priority": mention.priority,
        "assignee": mention.assignee and {"id": mention.assignee.pk, "name": mention.assignee.name},
        "recorded_at": mention.recorded_at,
        "late_found": mention.late_found,
        "responded_at": mention.responded_at,
        "answer_url": mention.answer_url,
        "external": mention.external,
        "dismiss_reason": mention.dismiss_reason,
        "packed_at": now,
    }


def _history(mention: Mention, now: datetime) -> dict[str, Any]:
    ledger = ledger_of(mention, now=now)
    approvals = Approval.objects.filter(mention=mention)
    decisions = Decision.objects.filter(approval__mention=mention)
    publications = Publication.objects.filter(mention=mention)
    told = [mention.pk, *approvals.values_list("pk", flat=True), *decisions.values_list("pk", flat=True)]
    return {
        "transitions": _rows(Transition.objects.filter(mention=mention), *_MOVED, by="version"),
        "clocks": _rows(
            Clock.objects.filter(mention=mention),
            *_CLOCK,
            policy_version=F("policy__version"),
            by="started_at",
        ),
        "clock_events": _rows(
            ClockEvent.objects.filter(clock__mention=mention),
            *("n", "kind", "step", "at", "recorded_at", "target", "grace", "used", "calendar_id"),
            clock_kind=F("clock__kind"),
            instance=F("clock__instance"),
            by="at",
        ),
        "excuses": _rows(
            Excuse.objects.filter(clock__mention=mention),
            *_EXCUSED,
            clock_kind=F("clock__kind"),
            instance=F("clock__instance"),
            by="asked_at",
        ),
        "calendars": _calendars(mention),
        "conversation": _conversation(mention),
        "ledger": {
            "start": ledger.start,
            "first_resolution": ledger.first_resolution,
            "total_resolution": ledger.total_resolution,
            "sentence": sentence(ledger, us="the agency", you="the client"),
            "slices": [
                {"owner": part.owner, "start": part.start, "end": part.end}
                for part in [*ledger.slices, *(part for later in ledger.reopened for part in later)]
            ],
        },
        "responses": _rows(
            Response.objects.filter(mention=mention),
            *("id", "kind", "created_at", "created_by", "closed_at"),
            by="created_at",
        ),
        "versions": _rows(
            Version.objects.filter(response__mention=mention), *_VERSION, "created_at", by="created_at"
        ),
        "approvals": _rows(
            approvals,
            *("id", "version_id", "state", "requested_by", "requested_at", "needed_by", "delivered_at"),
            "closed_at",
            policy_version=F("policy__version"),
            asks=F("policy__asks"),
            by="requested_at",
        ),
        # What opens a link, its token, is stored nowhere.
        "links": _links(mention),
        "decisions": _rows(
            decisions,
            *("id", "approval_id", "version_id", "contact_id", *_DECIDED),
            contact_name=F("contact__name"),
            contact_email=F("contact__email"),
            by="at",
        ),
        "notices": _rows(
            Notice.objects.filter(subject_id__in=told),
            *("kind", "to", "to_name", "subject_id", "recipient_id", "state", "attempts", "error"),
            *("created_at", "sent_at"),
            by="created_at",
        ),
        "publications": _rows(
            publications,
            *_PUBLISHED,
            "created_at",
            "live_at",
            "given_back_at",
            "attested_by",
            by="created_at",
        ),
        "attempts": _rows(Attempt.objects.filter(publication__mention=mention), *_TRIED, by="started_at"),
    }


def _rows(rows: "QuerySet[Any]", *names: str, by: str, **more: Any) -> list[Row]:
    return list(rows.order_by(by, "id").values(*names, **more))


def _conversation(mention: Mention) -> list[Row]:
    """What joined it later, by its author or the client itself."""
    post = (
        "url",
        "title",
        "text",
        "text_hash",
        "published_at",
        "published_guessed",
        "seen_at",
        "in_reply_to",
    )
    return _rows(
        Message.objects.filter(mention=mention),
        *("post_id", "by", "direct", "matched", "recorded_at", "effect"),
        author_name=F("post__author__name"),
        author_url=F("post__author__url"),
        by="recorded_at",
        **{f"post_{name}": F(f"post__{name}") for name in post},
    )


def _calendars(mention: Mention) -> list[Row]:
    """Every version of the calendars that its clocks ran in: what is counted as open time can be counted again."""
    clocks = Clock.objects.filter(mention=mention, calendar__isnull=False).values("calendar_id")
    lines = ClockEvent.objects.filter(clock__mention=mention, calendar__isnull=False).values("calendar_id")
    versions = CalendarVersion.objects.filter(Q(calendar_id__in=clocks) | Q(calendar_id__in=lines))
    return _rows(versions, *_HOURS, name=F("calendar__name"), by="effective_from")


def _links(mention: Mention) -> list[Row]:
    approvals = list(Approval.objects.filter(mention=mention).values_list("pk", flat=True))
    links = ApprovalLink.objects.filter(agency_id=current_agency(), approval_id__in=approvals)
    return _rows(
        links, "approval_id", "contact_id", "created_at", "expires_at", "revoked_at", by="created_at"
    )


def _parts(history: dict[str, Any]) -> list[UUID]:
    kinds = ("responses", "versions", "approvals", "decisions", "publications")
    return [row["id"] for kind in kinds for row in history[kind]]


def _entries(subjects: list[UUID]) -> list[Row]:
    """Those that have their place in the chain; what this very transaction records has none yet."""
    names = ["text" if name == "details" else name for name in chain.Told.__slots__]
    rows = AuditEntry.objects.filter(subject_id__in=subjects).annotate(text=Cast("details", TextField()))
    told = [chain.Told(*row) for row in rows.values_list(*names)]
    links = AuditLink.objects.in_bulk([entry.id for entry in told])
    placed = [(links[entry.id], entry) for entry in told if entry.id in links and links[entry.id].seq]
    return [_entry(link, entry) for link, entry in sorted(placed, key=lambda pair: pair[0].seq)]


def _entry(link: AuditLink, entry: chain.Told) -> Row:
    return {
        "seq": link.seq,
        "payload": entry.payload(who_digest=link.who_digest, what_digest=link.what_digest),
        "who": entry.who,
        "who_salt": entry.who_salt,
        "what": entry.what,
        "what_salt": entry.what_salt,
        "payload_digest": link.payload_digest,
        "hash": link.hash,
    }

"""What was done, by whom: the audit entries as people read them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.actor import ActorKind
from agency.models import AuditEntry
from agency.queries.paging import keyset
from agency.queries.people import list_audit
from agency.rights import Right
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage

ROWS = 50

# action → what follows the name of who did it; the subject's own name comes last where it has one.
_SAID = {
    "agency.changed": "changed the agency's settings",
    "approval.decided": "decided on a reply",
    "approval.undone": "took a decision back",
    "approval.link_asked": "asked for a fresh approval link",
    "approval_policy.changed": "changed whether the client is asked",
    "client.archived": "archived the client",
    "client.changed": "changed the client",
    "client.created": "added the client",
    "client.restored": "restored the client",
    "contact.added": "added the contact",
    "contact.changed": "changed the contact",
    "contact.removed": "removed the contact",
    "key.made": "made the API key",
    "key.revoked": "revoked the API key",
    "member.added": "invited",
    "member.changed": "changed the role of",
    "member.removed": "removed",
    "mention.assigned": "handed a mention on",
    "mention.claimed": "claimed a mention",
    "mention.released": "gave a mention back to the queue",
    "mention.submitted": "asked the client about a reply",
    "mention.sent_back": "asked for a change to a reply",
    "mention.recalled": "took a request back from the client",
    "mention.approved": "approved a reply",
    "mention.cleared": "approved a reply without asking the client",
    "mention.revised": "took an approved reply back",
    "mention.responded": "confirmed that a reply is live",
    "mention.dismissed": "dismissed a mention",
    "mention.reopened": "reopened a mention",
    "mention.prioritised": "changed a mention's priority",
    "publication.failed": "could not send a reply",
    "publication.sent_again": "sent a reply again",
    "query.changed": "changed what is listened for",
    "reply.attested": "said where a reply is live",
    "reply.drafted": "wrote a version of a reply",
    "sla_policy.changed": "changed what was promised",
    "source.added": "added the source",
    "source.changed": "changed the source",
    "source.deleted": "deleted the source",
    "source.paused": "paused the source",
    "source.resumed": "resumed the source",
    "template.added": "added the template",
    "template.archived": "archived the template",
    "template.changed": "changed the template",
}
# Said by the line itself, of use to programs only, or too long for a line.
_UNTOLD = frozenset({"digest", "version", "prefix", "name", "text"})
# Of a mention: said by the line, or ids.
_MOVED = frozenset({"from", "to", "assignee"})
_NAMED = frozenset({"client", "contact", "apikey", "source", "template", "membership"})
_PAGES = {"mention": "mention", "client": "client-detail"}
_ORIGINS = {
    ActorKind.MEMBER: "Pages",
    ActorKind.KEY: "API key",
    ActorKind.CONTACT: "Approval link",
    ActorKind.SYSTEM: "Earshot",
}


class Activity(StaffPage):
    right = Right.AUDIT
    nav = "activity"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = keyset(list_audit(by=self.actor), by="-at", kind="t", cursor=cursor_of(request), limit=ROWS)
        context = {"entries": [_line(entry) for entry in page.rows], **pager(request, page)}
        return self.page("agency/activity.html", context)


def _line(entry: AuditEntry) -> dict[str, Any]:
    said = _SAID.get(entry.action) or entry.action.replace(".", ": ").replace("_", " ")
    named = f" {entry.subject_name}" if entry.subject_type in _NAMED else ""
    page = _PAGES.get(entry.subject_type)
    origin = _ORIGINS.get(ActorKind(entry.actor_kind), entry.actor_kind)
    return {
        "at": entry.at,
        "who": entry.actor_name,
        "what": said + named,
        "url": reverse(page, args=[entry.subject_id]) if page and entry.subject_id else "",
        "detail": _detail(entry),
        "origin": f"{origin} · {entry.address}" if entry.address else origin,
    }


def _detail(entry: AuditEntry) -> str:
    """A short word on what changed; texts and long lists are on the subject's own page."""
    parts = []
    skipped = _MOVED if entry.subject_type == "mention" else frozenset()
    for name, value in entry.details.items():
        shown = "" if name in skipped else _change(value)
        if isinstance(value, list) and shown:
            parts.append(f"{name.replace('_', ' ')}: {shown[:120]}")
        elif shown and len(shown) <= 80 and name not in _UNTOLD:
            parts.append(f"{name.replace('_', ' ')}: {shown}")
    return " · ".join(parts[:4])


def _change(value: Any) -> str:
    if (
        isinstance(value, list)
        and len(value) == 2
        and not any(isinstance(side, list | dict) for side in value)
    ):
        before, after = ("none" if side in {None, ""} else str(side) for side in value)
        return f"{before} → {after}"
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""

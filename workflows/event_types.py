"""What can happen to a mention, from intake to the reply that is live."""

from agency.event_types import CLIENT, MEMBER, OTHER_MEMBER, EventType, register

_CLOCK = "0195677c-0a54-7000-8d2f-0f3c9a6b1e31"
_EXCUSE = "0195677c-0a54-7000-8d2f-0f3c9a6b1e32"
_CONTACT = "0195677c-0a54-7000-8d2f-0f3c9a6b1e33"
_APPROVAL = "0195677c-0a54-7000-8d2f-0f3c9a6b1e34"
_PUBLICATION = "0195677c-0a54-7000-8d2f-0f3c9a6b1e35"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_URL = "https://forum.example/t/1/2"
_AT = "2026-03-06T17:14:00+00:00"

# Move → what it says.
_MOVES = {
    "claimed": ("new", "claimed", "A member took a mention on."),
    "released": ("claimed", "new", "A mention went back to the queue."),
    "submitted": ("claimed", "awaiting_client", "The client was asked about a reply."),
    "sent_back": ("awaiting_client", "claimed", "The client wants a change, or doesn't want the reply."),
    "recalled": ("awaiting_client", "claimed", "The request was taken back from the client."),
    "approved": ("awaiting_client", "approved", "The client approved the reply."),
    "cleared": ("claimed", "approved", "The reply was approved without asking the client."),
    "revised": ("approved", "claimed", "An approved reply was taken back before it went out."),
    "responded": ("approved", "responded", "The reply is live."),
    "answered": ("claimed", "responded", "The client answered by itself."),
    "dismissed": ("new", "dismissed", "A mention was closed without an answer."),
    "reopened": ("responded", "claimed", "A closed mention is worked on again."),
}

register(
    *(
        EventType(f"mention.{done}", says, {"from": before, "to": after, "version": 2, "client": CLIENT})
        for done, (before, after, says) in _MOVES.items()
    ),
    EventType(
        "mention.created",
        "A mention was found.",
        {"client": CLIENT, "priority": "normal", "late_found": False},
    ),
    EventType(
        "mention.assigned",
        "A mention was handed from the first member to the second.",
        {"assignee": [MEMBER, OTHER_MEMBER], "version": 3},
    ),
    EventType(
        "mention.prioritised",
        "A mention's priority was changed, from the first to the second.",
        {"priority": ["normal", "urgent"], "version": 3},
    ),
    EventType(
        "mention.sentiment_corrected",
        "A member corrected a mention's sentiment, from the first to the second.",
        {"sentiment": ["neutral", "negative"], "version": 3},
    ),
    EventType("mention.acknowledged", "Somebody has an urgent mention.", {"by": "Ben", "rung": 1}),
    EventType(
        "mention.escalated",
        "Members were told of an urgent mention (`rung`), or of a clock (`why`: its kind and step).",
        {"why": "urgent", "rung": 1, "told": [MEMBER]},
    ),
    EventType(
        "mention.seen", "An alert recipient at the client has seen an urgent mention.", {"contact": _CONTACT}
    ),
    EventType(
        "mention.client_wrote",
        "The client itself wrote in a mention's conversation while our reply was under way.",
        {"url": _URL, "direct": True},
    ),
    *(
        EventType(name, says, {"kind": "first_response", "instance": 1, "step": step, "at": _AT})
        for name, says, step in (
            ("mention.sla_warning", "A promised time is used up in part; `step` says how far.", "warn_75"),
            ("mention.sla_breached", "A promised time is over.", "breach"),
        )
    ),
    EventType(
        "clocks.rebuilt",
        "A mention's clocks differed from their history and were put right.",
        {"fields": ["due_at"]},
    ),
    EventType(
        "reply.drafted",
        "A version of a reply was written.",
        {"version": 1, "digest": _DIGEST, "lane": "mastodon"},
    ),
    EventType("reply.attested", "A member said where the reply is live.", {"url": _URL}),
    EventType(
        "reply.answered_elsewhere",
        "A member said where and when the client answered.",
        {"url": _URL, "at": _AT},
    ),
    EventType(
        "approval.asked",
        "The client's approvers were asked to decide a version of a reply.",
        {
            "approval": _APPROVAL,
            "version": 1,
            "digest": _DIGEST,
            "contacts": [_CONTACT],
            "needed_by": _AT,
        },
    ),
    EventType(
        "approval.delivered",
        "The request is with the client: the time is the client's.",
        {"approval": _APPROVAL},
    ),
    EventType("approval.bounced", "The request reached nobody at the client.", {"approval": _APPROVAL}),
    EventType("approval.withdrawn", "The request was taken back.", {"approval": _APPROVAL}),
    EventType(
        "approval.decided",
        "A contact decided. It takes effect at `effective_at`, unless it is undone.",
        {
            "approval": _APPROVAL,
            "verdict": "approve",
            "version": 1,
            "digest": _DIGEST,
            "effective_at": _AT,
        },
    ),
    EventType(
        "approval.undone",
        "A contact took a decision back before it took effect.",
        {"approval": _APPROVAL, "verdict": "approve"},
    ),
    *(
        EventType(f"publication.{done}", says, {"publication": _PUBLICATION, "lane": "mastodon", **told})
        for done, says, told in (
            ("queued", "An approved reply is on its way.", {"version": 1, "digest": _DIGEST}),
            ("sending", "A reply is being sent.", {"attempt": 1}),
            ("retried", "A reply couldn't be sent yet, and is tried again.", {"code": "busy"}),
            (
                "ambiguous",
                "Nobody knows whether a reply is live; nothing is sent again blindly.",
                {"code": "timeout"},
            ),
            ("failed", "A reply couldn't be sent; somebody has to look.", {"code": "refused"}),
            ("live", "A reply is live.", {"url": _URL}),
            ("withdrawn", "A reply was held back before it went out.", {}),
            ("sent_again", "A member had a reply sent again.", {}),
        )
    ),
    *(
        EventType(
            f"excuse.{done}",
            says,
            {
                "excuse": _EXCUSE,
                "clock": _CLOCK,
                "kind": "first_response",
                "instance": 1,
                "reason": "outage",
            },
        )
        for done, says in (
            ("asked", "A member asked to excuse a broken promise."),
            ("granted", "A broken promise was excused."),
            ("refused", "A broken promise was not excused."),
            ("withdrawn", "Who asked for an excuse took that back."),
        )
    ),
    EventType("evidence.taken", "The evidence of a mention was taken.", {"sha256": _DIGEST}),
    EventType(
        "client.retention_changed",
        "How many days a client's closed mentions are kept was changed; null: for ever.",
        {"keep_days": [None, 730]},
    ),
    EventType(
        "client.retention_applied",
        "Mentions that were kept long enough were removed.",
        {"mentions": 12, "keep_days": 730},
    ),
    EventType("data.export_asked", "An export was asked for.", {"kind": "client", "about": CLIENT}),
    EventType("data.exported", "An export was downloaded.", {"kind": "client", "about": CLIENT}),
    EventType("data.export_deleted", "An export was deleted.", {"kind": "client"}),
    EventType("data.erasure_asked", "An erasure was asked for.", {"kind": "client"}),
    EventType("data.erasure_called_off", "The erasure of the agency was called off.", {}),
    EventType("data.erased", "An erasure is done.", {"kind": "client"}),
)

"""What can happen to clients, and to what was promised to them."""

from agency.event_types import MEMBER, OTHER_MEMBER, EventType, register

_CALENDAR = "0195677c-0a54-7000-8d2f-0f3c9a6b1e21"

register(
    EventType(
        "approval_policy.changed",
        "Whether the client is asked before a reply goes out was changed.",
        {"version": 2, "asks": "nobody"},
    ),
    EventType("calendar.archived", "A calendar was archived.", {}),
    EventType(
        "calendar.changed",
        "A calendar says something else from a moment on, or a planned change of it was withdrawn.",
        {"version": 3, "effective_from": "2026-03-09T00:00:00+00:00"},
    ),
    EventType("calendar.created", "A calendar was added.", {"name": "Riga office", "version": 1}),
    EventType(
        "calendar.default_taken_back", "A calendar is no longer the agency's hours.", {"name": "Riga office"}
    ),
    EventType("calendar.made_default", "A calendar became the agency's hours.", {"name": "Riga office"}),
    EventType("calendar.renamed", "A calendar was renamed.", {"name": "Riga office"}),
    EventType("client.archived", "A client was archived: nothing is listened for any more.", {}),
    EventType("client.changed", "A client's name, time zone or language was changed.", {"changed": ["name"]}),
    EventType("client.created", "A client was taken on.", {"name": "Acme Coffee"}),
    EventType(
        "client.hours_changed",
        "The hours in which a client's mentions are worked on were changed.",
        {"calendar": _CALENDAR, "cover": "office"},
    ),
    EventType("client.restored", "An archived client was restored.", {}),
    EventType("contact.added", "A contact was added at a client.", {"parts": ["approver"]}),
    EventType("contact.changed", "A contact was changed.", {"changed": ["parts"]}),
    EventType("contact.removed", "A contact left: their links stopped working.", {}),
    EventType("ladder.changed", "Who is told of what is urgent or late was changed.", {"version": 2}),
    EventType("ladder.reset", "Who is told of what is urgent or late is the default again.", {"version": 2}),
    EventType("member.hours_cleared", "A member can be reached at any time again.", {}),
    EventType("member.hours_set", "A member said when they work.", {}),
    EventType("rota.added", "A rota was set up.", {}),
    EventType("rota.changed", "A rota was changed.", {}),
    EventType("rota.ended", "A rota was ended.", {}),
    EventType(
        "rota.overridden",
        "A member takes over in a rota for a while.",
        {"member": MEMBER, "from": "2026-03-07T08:00:00+00:00", "until": "2026-03-08T08:00:00+00:00"},
    ),
    EventType(
        "rota.override_ended",
        "A takeover in a rota was taken back, or ended early.",
        {"member": MEMBER, "until": "2026-03-08T08:00:00+00:00"},
    ),
    EventType("sla_policy.changed", "What is promised was changed.", {"version": 2}),
    EventType("sla_policy.withdrawn", "A client is promised the agency's default again.", {"version": 2}),
    EventType("template.added", "A template was added.", {}),
    EventType("template.archived", "A template was archived.", {}),
    EventType("template.changed", "A template was changed.", {"changed": ["text"]}),
    EventType(
        "on_call.changed",
        "Somebody else is on call by a rota; null: nobody.",
        {"from": MEMBER, "to": OTHER_MEMBER},
    ),
)

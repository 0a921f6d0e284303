"""What the API's document says of itself: its rules in words, and its calls sorted by what they are about."""

import re
from typing import Any

TITLE = "Earshot"
VERSION = "1.0.0"
LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
SERVERS = [{"url": "/", "description": "The installation that serves this document."}]

DESCRIPTION = """\
Everything that the pages do, for programs: client portals, BI tools, bots, scripts. `docs/api.md` walks from a key to an
answered mention.

**Signing in.** Send an API key with each call: `Authorization: Bearer esk_…`. It has the rights that it was given, never more
than the member who made it, and may be limited to some clients; what isn't theirs looks as if it weren't there (404).

**Bodies.** JSON (RFC 8259) of at most 1 MB, times as RFC 3339 with an offset, durations in seconds, ids as UUIDs. Fields and
query parameters that the call doesn't know are refused by name: a misspelt one is an error and not silence. Addresses end
with a slash.

**Lists.** A page has `results` and `next`, the address of the following page, or null on the last one. `limit` says how many
rows (50, at most 200). The order is stable: rows that are added meanwhile repeat or hide none.

**Errors.** Problem details (RFC 9457) with a stable `code` for programs, a sentence in `detail` for people, the faulty fields
in `errors`, and the `request_id` that every answer carries in `X-Request-ID`.

**Versions.** Mentions, replies and policies have an `ETag`. A call that changes one names what it saw with `If-Match`: a stale
one is answered with 412, none at all with 428, and nobody's work is overwritten. On mentions the body's `version` does as
well; a stale one is answered with 409.

**Sending again.** Every POST, PUT, PATCH and DELETE takes an `Idempotency-Key`. The same key and call again within 24 hours is
answered as the first time (`Idempotent-Replayed: true`) and done once.

**Limits.** Calls are counted by key. `RateLimit-Policy` and `RateLimit` say how many are left; past them the answer is 429 and
`Retry-After` says for how many seconds.

**Events.** `GET /api/v1/events/` is everything that happened, in order, to be read from where one stopped;
`GET /api/v1/events/stream/` tells of each at once; webhooks are sent to an address of yours, signed by Standard Webhooks.

**Stability.** Within v1 nothing is renamed, removed or given another meaning. New calls, fields of answers, values of `code`,
event types and optional parameters may come at any time: take what you don't know as it is.
"""

# Tag, what it is about, and the addresses of its calls below /api/v1/. The first that fits is the call's.
TAGS: tuple[tuple[str, str, str], ...] = (
    ("Me", "Who the key belongs to, and what it may do.", r"me/"),
    (
        "Replies",
        "What is answered to a mention: drafted, decided by the client, published, attested.",
        r"mentions/{mention_id}/(response|suggest|draft|submit|clear|recall|revise|attest|send-again|answered)/",
    ),
    (
        "Escalation",
        "Who is told when a promise is at risk: ladders, rotas, who is on call, and what came of it.",
        r"(mentions/{mention_id}/(escalations|acknowledge)|(clients/{client_id}/)?ladder|rotas|overrides|on-call)/",
    ),
    (
        "Activity",
        "Who did what: the activity log with its chain of hashes, and a mention's evidence.",
        r"(audit|mentions/{mention_id}/evidence)/",
    ),
    (
        "Results",
        "How it went: the answers that were given in time, a client's figures, and a mention's report.",
        r"(clients/{client_id}/(answers|results)|mentions/{mention_id}/report)/",
    ),
    (
        "Mentions",
        "Posts that concern a client, and the work on them, from new to responded or dismissed.",
        r"(mentions|posts|authors)/",
    ),
    (
        "Promises",
        "How quickly each client is answered (SLA policies, versioned), and excuses for broken promises.",
        r"((clients/{client_id}/)?sla-policy|excuses)/",
    ),
    (
        "Approvals",
        "What the client wants to decide before it goes out, and what waits for them.",
        r"(approvals|clients/{client_id}/approval-policy)/",
    ),
    (
        "Calendars",
        "Business hours, versioned, with other days and public holidays.",
        r"(calendars|calendar-versions|default-calendar|clients/{client_id}/hours|holidays)/",
    ),
    (
        "Data",
        "Exports, erasures, and how long closed mentions are kept.",
        r"(exports|erasures|author-blocks|clients/{client_id}/retention)/",
    ),
    ("Contacts", "People at the clients: approvers, viewers, alert recipients.", r"contacts/"),
    ("Templates", "The playbook: texts that replies begin with.", r"templates/"),
    (
        "Clients",
        "The brands that the agency looks after, what it listens for, and their own accounts.",
        r"clients/",
    ),
    ("Sources", "The places that are read, and how they are.", r"sources/"),
    ("Events", "Everything that happened, as a feed and as a stream.", r"(events|event-types)/"),
    ("Webhooks", "Events sent to addresses of yours, and what came of each delivery.", r"webhook"),
    (
        "Notices",
        "What members are told, and how they are reached: channels and the agency's rooms.",
        r"(notices|channels|rooms)/",
    ),
    ("Keys", "API keys: made, limited, rotated, revoked.", r"keys/"),
    (
        "Team",
        "Members, their roles and clients, and the agency's identity provider.",
        r"(members|identities|identity-provider)/",
    ),
    ("Agency", "The agency's own settings.", r"agency/"),
)
# As readers want them: the daily work first, the house last.
ORDER = (
    *("Me", "Mentions", "Replies", "Approvals", "Escalation", "Results", "Clients", "Contacts", "Templates"),
    *("Sources", "Promises", "Calendars", "Events", "Webhooks", "Notices", "Keys", "Team", "Agency"),
    *("Activity", "Data"),
)
PREFIX = "/api/v1/"
# What parameters look like that are neither ids, times, numbers, nor one of a few words.
SHOWN: dict[str, Any] = {
    "action": "client.changed",
    "assignee": ["me"],
    "country": "LV",
    "cursor": "WyJ1IiwiMDE5NTY3N2MiXQ",
    "fields": ["id", "state", "client.name"],
    "kind": "approval",
    "language": ["lv"],
    "month": "2026-03",
    "q": "closed again",
    "region": "BY",
    "since": "2026-03-06T17:00:00Z",
    "text": "Brightwater",
    "type": ["mention.claimed"],
    "until": "2026-03-07T17:00:00Z",
}
BY_FORMAT: dict[str, Any] = {
    "uuid": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06",
    "date-time": "2026-03-06T17:00:00Z",
    "date": "2026-03-06",
}


def tag_of(path: str) -> str | None:
    """What a call is about, by its address in the document."""
    below = path.removeprefix(PREFIX)
    return next((name for name, _, pattern in TAGS if re.match(pattern, below)), None)


def show(parameter: dict[str, Any]) -> None:
    """Give a parameter an example in its schema: one of its own would be filled in for who tries a call out."""
    schema = parameter.get("schema", {})
    if "examples" in parameter or "example" in parameter or "$ref" in schema:
        return
    inner = schema.get("items", schema)
    example = SHOWN.get(parameter["name"], BY_FORMAT.get(inner.get("format", "")))
    if example is None and inner.get("type") == "integer":
        example = schema.get("default", max(schema.get("minimum", 1), 1))
    if example is not None:
        in_list = schema.get("type") == "array" and not isinstance(example, list)
        schema.setdefault("examples", [[example] if in_list else example])


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: says what the document is, and sorts its calls."""
    result["info"] = {
        "title": TITLE,
        "version": VERSION,
        "summary": "A listening-and-response desk that many agencies share.",
        "description": DESCRIPTION,
        "license": LICENCE,
        "contact": {"name": "Whoever runs this installation; name the answer's X-Request-ID."},
    }
    about = {name: says for name, says, _ in TAGS}
    used = set()
    for path, methods in result["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                show(parameter)
            tag = tag_of(path)
            if tag is not None:
                operation["tags"] = [tag]
            used.update(operation["tags"])
    places = {name: place for place, name in enumerate(ORDER)}
    result["paths"] = dict(sorted(result["paths"].items(), key=lambda found: _place(found, places)))
    result["tags"] = [{"name": name, "description": about[name]} for name in ORDER if name in used]
    result["servers"] = SERVERS
    return result


def _place(found: tuple[str, dict[str, Any]], places: dict[str, int]) -> tuple[int, str]:
    path, methods = found
    tag = next(iter(methods.values()))["tags"][0]
    return places.get(tag, len(places)), path

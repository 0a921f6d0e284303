"""From a client's results to what their viewer's page shows."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from agency.queries.paging import Page
from agency.templatetags.earshot import Segment, segments
from agency.text import safe_link
from agency.web.lists import pager
from clients.words import ClockKind
from workflows.ledger import Owner, sentence_of
from workflows.queries.results import LEDGERS, Answer, Promise, Results, Viewed
from workflows.web.post import post_shown

PERIODS = (7, 30, 90)  # days
_PROMISED = {
    ClockKind.CLAIM: "Somebody took it on in time",
    ClockKind.RESPOND: "Answered in time",
    ClockKind.NEXT_RESPONSE: "Answered again in time",
    ClockKind.DECIDE: "You decided in time",
    ClockKind.PUBLISH: "Published in time, once approved",
}


def see_context(
    request: HttpRequest, viewed: Viewed, results: Results, page: Page[Answer], *, days: int, now: datetime
) -> dict[str, Any]:
    client, us = viewed.contact.client, viewed.agency.name
    return {
        "agency": viewed.agency,
        "zone": viewed.zone,
        "now": now,
        "client_name": client.name,
        "contact_name": viewed.contact.name,
        "days": days,
        "periods": [{"days": n, "url": f"{request.path}?days={n}", "chosen": n == days} for n in PERIODS],
        "results": results,
        "figures": _figures(results),
        "whose": _segments(results, us=us),
        "whose_sentence": sentence_of(results.whose, us=us, you="you"),
        "newest_only": results.counted if results.answered > LEDGERS else 0,
        "promises": [_promise(promise) for promise in results.promises],
        "answers": [_answer(answer, client.name) for answer in page.rows],
        **pager(request, page),
    }


def _segments(results: Results, *, us: str) -> list[Segment]:
    """The bar's parts, called what the sentence above them calls their owners."""
    called = {
        Owner.AGENCY_ON: us,
        Owner.AGENCY_OFF: f"{us}, after hours",
        Owner.CLIENT_ON: "You",
        Owner.CLIENT_OFF: "You, after hours",
    }
    found = segments({owner.value: length for owner, length in results.whose.items()})
    return [replace(part, label=called.get(Owner(part.key), part.label)) for part in found]


def _figures(results: Results) -> list[dict[str, Any]]:
    return [
        {"label": "Found", "value": results.found},
        {"label": "Answered", "value": results.answered},
        {"label": "Being worked on", "value": results.open},
        {"label": "Closed without an answer", "value": results.dismissed},
    ]


def _promise(promise: Promise) -> dict[str, Any]:
    return {
        "label": _PROMISED[promise.kind],
        "kept": promise.kept,
        "ended": promise.ended,
        "percent": promise.percent,
        "excused": promise.excused,
        "percent_excused": promise.percent_excused,
    }


def _answer(answer: Answer, client_name: str) -> dict[str, Any]:
    publication = answer.publication
    return {
        "post": post_shown(publication.mention),
        "text": publication.version.text,
        "account_name": client_name,
        "url": safe_link(publication.url) or "",
        "at": publication.live_at,
        "approved_by": answer.approved_by,
    }

"""What is listened for: a client's query, versioned."""

from collections.abc import Sequence
from datetime import datetime

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from agency.text import one_line
from clients.actions.versions import supersede
from clients.models import Client, Query
from mentions.matching import check_terms


def _tidy(terms: Sequence[str]) -> list[str]:
    return [term for term in (one_line(term, 1000) for term in terms) if term]


def set_query(
    *,
    client: Client,
    any_terms: Sequence[str],
    none_terms: Sequence[str] = (),
    urgent_terms: Sequence[str] = (),
    by: Actor,
    now: datetime,
) -> Query:
    """Listen for posts that hold any of these words or phrases and none of those, from the next reading on.

    Args:
        urgent_terms: a mention that holds one of these too is urgent from the start.

    Raises:
        Invalid: no term, or terms that can't be listened for; the fields' sentences name them.
    """
    by.require(Right.MANAGE)
    wanted, unwanted, urgent = _tidy(any_terms), _tidy(none_terms), _tidy(urgent_terms)
    problems = {}
    if not wanted:
        problems["any_terms"] = "Enter at least one word or phrase to listen for."
    for field, terms in (("any_terms", wanted), ("none_terms", unwanted), ("urgent_terms", urgent)):
        found = check_terms(terms)
        if found:
            problems[field] = " ".join(problem.sentence for problem in found)
    if problems:
        raise Invalid("Some words can't be listened for.", fields=problems)
    before, version = supersede(Query, client=client)
    query = Query(
        client=client,
        version=version,
        any_terms=wanted,
        none_terms=unwanted,
        urgent_terms=urgent,
        created_at=now,
        created_by=by.name,
    )
    query.save(force_insert=True)
    details = {
        "client": client.name,
        "any_terms": [before.any_terms if before else [], wanted],
        "none_terms": [before.none_terms if before else [], unwanted],
        "urgent_terms": [before.urgent_terms if before else [], urgent],
    }
    record("query.changed", by=by, subject=query, now=now, details=details)
    emit("query.changed", subject=client, now=now, data={"version": version})
    return query

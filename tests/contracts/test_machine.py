"""The machine is said three times (design, methods, trigger): they must agree."""

import os
import re

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from agency.tenancy import tenant
from mentions.models import Mention
from mentions.words import Move, State
from workflows.actions.transition import DONE

DESIGN = {
    "claim": ({"new"}, "claimed"),
    "release": ({"claimed"}, "new"),
    "submit": ({"claimed"}, "awaiting_client"),
    "request_changes": ({"awaiting_client"}, "claimed"),
    "recall": ({"awaiting_client"}, "claimed"),
    "approve": ({"awaiting_client"}, "approved"),
    "clear": ({"claimed"}, "approved"),
    "revise": ({"approved"}, "claimed"),
    "respond": ({"approved"}, "responded"),
    "answer": ({"new", "claimed", "awaiting_client", "approved"}, "responded"),
    "dismiss": ({"new", "claimed", "awaiting_client"}, "dismissed"),
    "reopen": ({"responded", "dismissed"}, "claimed"),
}


def test_the_methods_are_the_designs_moves() -> None:
    moves: dict[str, tuple[set[str], str]] = {}
    for move in Mention._meta.get_field("state").get_all_transitions(Mention):
        sources, _ = moves.setdefault(move.name, (set(), str(move.target)))
        sources.add(str(move.source))
    assert moves == DESIGN
    assert set(DONE) == set(Move.values) == set(DESIGN)


def test_the_trigger_knows_the_same_moves() -> None:
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"]) as owner:
        source = owner.execute(
            "SELECT prosrc FROM pg_proc WHERE proname = 'mentions_keep_to_the_machine'"
        ).fetchone()
    assert source is not None
    pairs = set(re.findall(r"\('(\w+)', '(\w+)'\)", str(source[0])))
    assert pairs == {(begin, end) for begins, end in DESIGN.values() for begin in begins}


@pytest.mark.parametrize("begin", State.values)
@pytest.mark.parametrize("end", State.values)
def test_the_database_refuses_what_is_not_a_move(mention: Mention, ben: object, begin: str, end: str) -> None:
    pairs = {(one, two) for begins, two in DESIGN.values() for one in begins}
    filled = "version = version + 1, responded_at = now(), dismiss_reason = 'spam', external = true, assignee_id = %s"
    with tenant(mention.agency_id), connection.cursor() as cursor:
        for state in _way_to(begin):
            cursor.execute(f"UPDATE mentions_mention SET state = %s, {filled}", [state, ben.id])  # type: ignore[attr-defined]
        if begin == end or (begin, end) in pairs:
            cursor.execute(f"UPDATE mentions_mention SET state = %s, {filled}", [end, ben.id])  # type: ignore[attr-defined]
            return
        with pytest.raises(IntegrityError, match="does not go from"), transaction.atomic():
            cursor.execute(f"UPDATE mentions_mention SET state = %s, {filled}", [end, ben.id])  # type: ignore[attr-defined]


def _way_to(state: str) -> list[str]:
    """Moves that lead from new to a state."""
    return {
        "new": [],
        "claimed": ["claimed"],
        "awaiting_client": ["claimed", "awaiting_client"],
        "approved": ["claimed", "approved"],
        "responded": ["claimed", "approved", "responded"],
        "dismissed": ["dismissed"],
    }[state]


def test_a_change_of_state_takes_a_new_version(mention: Mention, ben: object) -> None:
    with tenant(mention.agency_id), connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match="takes a new version"), transaction.atomic():
            cursor.execute("UPDATE mentions_mention SET state = 'dismissed', dismiss_reason = 'spam'")


def test_only_what_the_client_answered_by_itself_is_answered_without_an_approval(mention: Mention) -> None:
    with tenant(mention.agency_id), connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match="needs no approval"), transaction.atomic():
            cursor.execute(
                "UPDATE mentions_mention SET state = 'responded', responded_at = now(), version = version + 1"
            )


def test_a_mention_begins_as_new(mention: Mention) -> None:
    with tenant(mention.agency_id), connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match="begins as new"), transaction.atomic():
            cursor.execute(
                "INSERT INTO mentions_mention SELECT (jsonb_populate_record(m, jsonb_build_object("
                "'id', gen_random_uuid(), 'state', 'claimed'))).* FROM mentions_mention m"
            )


def test_assigning_the_state_in_python_is_refused(mention: Mention) -> None:
    with pytest.raises(AttributeError):
        mention.state = State.RESPONDED

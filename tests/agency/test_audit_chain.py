"""The audit log as a chain that the database keeps, and its verification."""

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actions.audit import erase_told, record, record_for_user, remove_log
from agency.actor import Actor, system
from agency.errors import Forbidden
from agency.models import Agency, AuditChain, AuditEntry, AuditLink, Membership
from agency.queries import audit_chain
from agency.queries.audit_chain import Verdict, verify
from agency.tenancy import tenant
from clients.actions.clients import change_client, create_client
from clients.models import Client, Contact, Query
from tests.fixtures import Clock
from tests.making import commit_checks
from workflows.actions.onboarding import open_agency

NOW = datetime(2026, 3, 6, 17, 4, tzinfo=UTC)


def checked(by: Actor, **how: Any) -> Verdict:
    commit_checks()
    with tenant(by.agency_id):
        return verify(by=by, **how)


def test_each_entry_is_chained_as_its_transaction_commits(ana: Actor, brand: Client) -> None:
    found = checked(ana)
    with tenant(ana.agency_id):
        assert found.entries == AuditEntry.objects.count() == AuditLink.objects.count() > 5
        head = AuditChain.objects.get()
    assert (found.flaw, found.seq, found.hash) == (None, head.seq, head.hash)


def test_each_agency_has_a_chain_of_its_own(ana: Actor, cleo: Actor, brand: Client) -> None:
    ours, theirs = checked(ana), checked(cleo)
    assert ours.flaw is theirs.flaw is None
    assert ours.hash != theirs.hash


def test_a_noted_hash_is_found_again(ana: Actor, brand: Client, clock: Clock) -> None:
    noted = checked(ana).hash
    with tenant(ana.agency_id):
        change_client(brand, changes={"name": "Brightwaters"}, by=ana, now=clock.now)
    assert checked(ana, head=noted).flaw is None
    lost = checked(ana, head="0" * 64).flaw
    assert lost is not None
    assert lost.what == "cut"


def test_the_newest_can_be_verified_alone(ana: Actor, brand: Client) -> None:
    found = checked(ana, last=3)
    assert (found.entries, found.flaw) == (3, None)


def test_who_works_for_some_clients_verifies_nothing(ana: Actor, brand: Client) -> None:
    limited = Actor(
        kind=ana.kind, agency_id=ana.agency_id, id=ana.id, name="Ana", rights=ana.rights, clients=frozenset()
    )
    with pytest.raises(Forbidden):
        checked(limited)


# What the working role can't do -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agency_auditentry SET action = 'x'",
        "DELETE FROM agency_auditentry",
        "TRUNCATE agency_auditentry",
        "UPDATE agency_auditlink SET hash = 'x'",
        "DELETE FROM agency_auditlink",
        "INSERT INTO agency_auditlink (id, agency_id, hash) SELECT gen_random_uuid(), id, '' FROM agency_agency",
        "UPDATE agency_auditchain SET seq = 0",
        "DELETE FROM agency_auditchain",
        "SELECT agency_audit_link(gen_random_uuid())",
        "ALTER TABLE agency_auditentry DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        # One of these could stand in for ours inside a function of the owner's.
        "CREATE TEMP TABLE agency_auditchain (seq bigint)",
    ],
)
def test_the_working_role_can_only_add(ana: Actor, statement: str) -> None:
    with (
        tenant(ana.agency_id),
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_an_entry_of_another_agency_is_refused(ana: Actor, cleo: Actor) -> None:
    with tenant(ana.agency_id):
        for_ana = record("key.made", by=ana, subject=Agency.objects.get(pk=ana.agency_id), now=NOW)
        for_ana.pk, for_ana.agency_id = uuid4(), cleo.agency_id
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            for_ana.save(force_insert=True)


# Erasure --------------------------------------------------------------------------------------------------


def test_erasing_a_person_leaves_the_chain_whole(ana: Actor, dora: Contact, clock: Clock) -> None:
    by_dora = Actor(kind="contact", agency_id=ana.agency_id, id=dora.pk, name="Dora", address="192.0.2.9")
    with tenant(ana.agency_id):
        client = Client.objects.get(pk=dora.client_id)
        record(
            "approval.decided", by=by_dora, subject=client, now=clock.now, details={"comment": "Dora says no"}
        )
        commit_checks()
        assert erase_told([dora.pk]) == 2
        assert erase_told([dora.pk]) == 0
        told = str(list(AuditEntry.objects.values()))
        added = AuditEntry.objects.get(action="contact.added")
    assert "Dora" not in told
    assert "192.0.2.9" not in told
    assert (added.actor_name, added.subject_name, added.details) == ("Ana", "", {})
    found = checked(ana)
    assert (found.flaw, found.erased) == (None, 2)


def test_erasing_a_client_keeps_who_worked_for_it(
    ana: Actor, brand: Client, dora: Contact, cleo: Actor
) -> None:
    commit_checks()
    with tenant(cleo.agency_id):
        assert erase_told([dora.pk], client_id=brand.pk) == 0
    with tenant(ana.agency_id):
        assert erase_told([], client_id=brand.pk) >= 3
        about = AuditEntry.objects.filter(client_id=brand.pk)
        assert {(entry.subject_name, str(entry.details)) for entry in about} == {("", "{}")}
        assert {entry.actor_name for entry in about} == {"Ana"}
    assert checked(ana).flaw is None


def test_erasing_before_the_commit_is_chained_too(ana: Actor, dora: Contact) -> None:
    with tenant(ana.agency_id):
        assert erase_told([dora.pk]) == 1
    assert checked(ana).flaw is None


def test_the_log_goes_only_with_its_agency(ana: Actor, cleo: Actor) -> None:
    commit_checks()
    with tenant(ana.agency_id):
        with pytest.raises(ProgrammingError, match="being erased"), transaction.atomic():
            remove_log()
        with transaction.atomic():
            Agency.objects.filter(pk=ana.agency_id).update(erasing_at=NOW)
            assert remove_log() > 0
            assert not AuditEntry.objects.exists()
            assert not AuditChain.objects.exists()
            with pytest.raises(ProgrammingError, match="only together with"), transaction.atomic():
                commit_checks()  # an agency that stays keeps its log
            transaction.set_rollback(True)
    assert checked(ana).entries > 0
    assert checked(cleo).entries > 0


def test_what_is_erased_while_the_chain_is_walked_is_no_flaw(
    ana: Actor, dora: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = audit_chain._begin

    def erased_meanwhile(*args: Any, **how: Any) -> Any:
        erase_told([dora.pk])
        commit_checks()
        return begin(*args, **how)

    commit_checks()
    monkeypatch.setattr(audit_chain, "_begin", erased_meanwhile)
    with tenant(ana.agency_id):
        found = verify(by=ana)
    assert (found.flaw, found.erased) == (None, 1)


# What people do with their own accounts ----------------------------------------------------------------------


def test_what_a_person_does_with_their_account_is_noted_where_they_work(ana: Actor, cleo: Actor) -> None:
    user = Membership.objects.get(pk=ana.id).user
    Membership.objects.create(agency_id=cleo.agency_id, user=user, role="analyst")
    assert record_for_user(user, "account.signed_in", address="192.0.2.7", now=NOW) == 2
    assert record_for_user(user, "account.sign_in_failed", address="192.0.2.8", now=NOW, proven=False) == 2
    for place in user.memberships.all():
        with tenant(place.agency_id):
            signed_in, failed = AuditEntry.objects.filter(action__startswith="account.").order_by("id")
            assert (signed_in.actor_name, signed_in.address) == ("Ana", "192.0.2.7")
            assert (failed.actor_name, failed.actor_id, failed.subject_name) == ("Somebody", None, str(place))


# Tampering, by whoever owns the database ----------------------------------------------------------------------


@pytest.fixture
def tampered(committed: None) -> Iterator[Callable[[str], Verdict]]:
    """An agency with a log of a dozen entries, and the owner's hand in it: statement → what verification says."""
    agency, owner = open_agency(
        name="Northlight",
        time_zone="Europe/Riga",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=NOW,
        invite=False,
    )
    by = system(agency.pk)
    for number in range(6):
        with tenant(agency.pk):
            record(
                "key.made", by=by, subject=owner, now=NOW, details={"number": number, "naïve": [1.50, None]}
            )

    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"], autocommit=True) as hand:

        def verdict_after(statement: str) -> Verdict:
            hand.execute(statement)  # type: ignore[arg-type]
            with tenant(agency.pk, read_only=True):
                return verify(by=by)

        yield verdict_after


FIFTH = "(SELECT id FROM agency_auditlink WHERE seq = 5)"


@pytest.mark.parametrize(
    ("statement", "what", "seq"),
    [
        ("SELECT 1", "", 12),
        (f"UPDATE agency_auditentry SET action = 'x' WHERE id = {FIFTH}", "changed", 5),
        (f"UPDATE agency_auditentry SET at = at + interval '1 microsecond' WHERE id = {FIFTH}", "changed", 5),
        (f"UPDATE agency_auditentry SET client_id = id WHERE id = {FIFTH}", "changed", 5),
        (f"UPDATE agency_auditentry SET actor_name = 'Ben' WHERE id = {FIFTH}", "told_changed", 5),
        (f"UPDATE agency_auditentry SET details = '{{\"a\": 1}}' WHERE id = {FIFTH}", "told_changed", 5),
        (f"UPDATE agency_auditentry SET who_salt = '' WHERE id = {FIFTH}", "told_changed", 5),
        (
            f"UPDATE agency_auditentry SET subject_name = '', details = '{{}}', what_salt = '' WHERE id = {FIFTH}",
            "blanked",
            None,
        ),
        (f"DELETE FROM agency_auditentry WHERE id = {FIFTH}", "missing", 5),
        ("DELETE FROM agency_auditlink WHERE seq = 5", "missing", 5),
        ("DELETE FROM agency_auditlink WHERE seq = 1", "missing", 1),
        ("DELETE FROM agency_auditlink WHERE seq = 12", "cut", 12),
        (
            "UPDATE agency_auditchain SET seq = 11, hash = (SELECT hash FROM agency_auditlink WHERE seq = 11)",
            "inserted",
            None,
        ),
        (
            "UPDATE agency_auditlink SET seq = 99 WHERE seq = 8; UPDATE agency_auditlink SET seq = 8 WHERE seq = 9;",
            "broken",
            8,
        ),
        ("UPDATE agency_auditlink SET hash = repeat('a', 64) WHERE seq = 5", "broken", 5),
        ("UPDATE agency_auditlink SET who_digest = repeat('a', 64) WHERE seq = 5", "changed", 5),
        ("UPDATE agency_auditlink SET seq = 0 WHERE seq = 1", "missing", 1),
    ],
)
def test_verification_names_the_first_entry_that_is_wrong(
    tampered: Callable[[str], Verdict], statement: str, what: str, seq: int | None
) -> None:
    found = tampered(statement)
    if not what:
        assert (found.flaw, found.entries) == (None, seq)
        return
    assert found.flaw is not None
    assert (found.flaw.what, found.flaw.seq) == (what, seq)


def test_the_command_says_what_holds_and_what_is_broken(tampered: Callable[[str], Verdict]) -> None:
    said = io.StringIO()
    head = tampered("SELECT 1").hash
    agency = Agency.objects.get()
    call_command("verify_audit", agency=agency.pk, head=head, stdout=said)
    assert "12 entries hold (0 with erased text)" in said.getvalue()
    assert f"Head: 12 {head}" in said.getvalue()
    tampered(f"DELETE FROM agency_auditentry WHERE id = {FIFTH}")
    with pytest.raises(CommandError, match="1 of 1 audit chains is broken"):
        call_command("verify_audit", all=True, stdout=said)
    assert "BROKEN. Entry 5 was removed; its link is still there." in said.getvalue()


# Many at once ---------------------------------------------------------------------------------------------------


def test_many_write_one_chain_at_once(tampered: Callable[[str], Verdict]) -> None:
    """Some hold a row as they commit; others' foreign keys wait for that row, as they commit. Nobody waits for ever."""
    agency_id = Agency.objects.get().pk
    by = system(agency_id)
    with tenant(agency_id):
        client = create_client(name="Brightwater", time_zone="UTC", language="en", by=by, now=NOW)

    def write(number: int) -> None:
        for turn in range(6):
            with tenant(agency_id):
                if number % 2:
                    Client.objects.select_for_update().get(pk=client.pk)
                record("client.changed", by=by, subject=client, now=NOW)
                version = 100 * number + turn
                Query(client=client, version=version, any_terms=["x"], created_at=NOW, current=False).save(
                    force_insert=True
                )
        connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    found = tampered("SELECT 1")
    assert (found.flaw, found.entries) == (None, 12 + 1 + 48)


# The arithmetic ---------------------------------------------------------------------------------------------------

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(
    details=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), values, max_size=4
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_whatever_is_told_is_hashed_alike_by_both(ana: Actor, details: dict[str, Any]) -> None:
    with tenant(ana.agency_id):
        record(
            "key.made",
            by=ana,
            subject=Agency(pk=ana.agency_id, name='"\\\n\x01\x7f\u2028é😀'),
            now=NOW,
            details=details,
        )
    assert checked(ana).flaw is None


def test_what_was_recorded_before_there_was_a_chain_gets_its_place(
    tampered: Callable[[str], Verdict],
) -> None:
    migration = import_module("agency.migrations.0004_audit_chain")
    before = tampered("SELECT 1")
    tampered("ALTER TABLE agency_auditlink DISABLE TRIGGER audit_link_is_chained")
    try:
        tampered("DELETE FROM agency_auditlink; TRUNCATE agency_auditchain")
        found = tampered(f"UPDATE agency_auditentry SET client_id = NULL; {migration.EARLIER}")
    finally:
        tampered("ALTER TABLE agency_auditlink ENABLE TRIGGER audit_link_is_chained")
    assert (found.flaw, found.entries) == (None, before.entries)
    assert found.hash != before.hash  # other salts

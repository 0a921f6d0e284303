"""What waits for the next statement: settings of the transaction, and what is written."""

from contextlib import suppress

import pytest
from django.db import DatabaseError, transaction
from django.db.transaction import TransactionManagementError
from psycopg.pq import TransactionStatus

from agency.statements import Statement, set_local
from agency.tenancy import tenant
from tests.config.transactions import (
    NEW,
    ONE,
    OURS,
    RIVALS,
    WRONG,
    Waits,
    ask,
    database,
    elsewhere,
    entered,
    open_agency,
    row_of,
    status,
)

# Settings -----------------------------------------------------------------------------------------------


def test_who_fails_before_asking_anything_keeps_nobody_from_entering_after_them(either: None) -> None:
    """As a sweep does, whose handler failed: an agency that wasn't really entered would seem empty."""
    with transaction.atomic():
        ask("SELECT 1")
        with suppress(ZeroDivisionError), tenant(OURS):
            raise ZeroDivisionError
        assert entered() == ""
        with tenant(OURS):
            assert entered() == str(OURS)
        with tenant(RIVALS):
            assert entered() == str(RIVALS)
        assert entered() == ""


def test_what_was_set_before_a_savepoint_is_so_again_after_it(either: None) -> None:
    with transaction.atomic():
        set_local("plan_cache_mode", "force_generic_plan")
        with suppress(ZeroDivisionError), transaction.atomic():
            set_local("plan_cache_mode", "auto")
            ask("SELECT 1")
            set_local("plan_cache_mode", "force_custom_plan")
            raise ZeroDivisionError
        assert ask("SHOW plan_cache_mode") == "force_generic_plan"
        set_local("plan_cache_mode", "force_custom_plan")
        assert ask("SHOW plan_cache_mode") == "force_custom_plan"
        with transaction.atomic():
            set_local("plan_cache_mode", "auto")
        assert ask("SHOW plan_cache_mode") == "auto"


def test_a_setting_is_sent_once_as_long_as_it_stays(either: None) -> None:
    with transaction.atomic():
        set_local("app.agency_id", str(OURS))
        ask("SELECT 1")
        set_local("app.agency_id", str(OURS))
        assert not database.trips._settings
        set_local("app.agency_id", str(RIVALS))
        set_local("app.agency_id", str(OURS))
        assert entered() == str(OURS)


@pytest.mark.parametrize("value", ["it's", "\\", "$1", "%s", "Ö", "'; COMMIT; --"])
def test_a_setting_holds_whatever_is_written_into_it(value: str, db: None) -> None:
    with transaction.atomic():
        set_local("app.note", value)
        assert ask("SELECT current_setting('app.note')") == value


def test_only_names_of_settings_and_values_that_can_be_sent_are_taken(db: None) -> None:
    for name, value in [("x = 1; --", ""), ("App", ""), ("app.note", "a\0b")]:
        with pytest.raises(ValueError, match=r"setting|zero"), transaction.atomic():
            set_local(name, value)


def test_outside_a_transaction_nothing_waits_for_its_end(committed: None) -> None:
    with pytest.raises(TransactionManagementError):
        set_local("app.agency_id", str(OURS))
    with pytest.raises(TransactionManagementError):
        database.send_later(Waits(ONE))
    assert entered() == ""


# What waits ---------------------------------------------------------------------------------------------


def test_what_waits_goes_ahead_of_whatever_is_asked_next_and_else_with_the_commit(either: None) -> None:
    with transaction.atomic():
        database.send_later(Waits(NEW, row_of(OURS)))
        assert status() == TransactionStatus.IDLE
        assert ask("SELECT count(*) FROM agency_agency") == 1
        database.send_later(Waits(NEW, row_of(RIVALS)))
    assert elsewhere("SELECT array_agg(id ORDER BY id) FROM agency_agency") == ([OURS, RIVALS],)


def test_what_waits_is_written_under_the_settings_that_it_was_written_in(either: None) -> None:
    noted = Statement("UPDATE agency_agency SET name = current_setting('app.note')")
    with transaction.atomic():
        open_agency(OURS)
        set_local("app.note", "first")
        database.send_later(Waits(noted))
        set_local("app.note", "second")
        assert ask("SELECT name FROM agency_agency") == "first"
        assert ask("SELECT current_setting('app.note')") == "second"


def test_what_waits_in_a_savepoint_that_is_taken_back_is_never_sent(either: None) -> None:
    with transaction.atomic():
        open_agency(OURS)
        with suppress(ZeroDivisionError), transaction.atomic():
            database.send_later(Waits(WRONG))
            raise ZeroDivisionError
        assert ask("SELECT count(*) FROM agency_agency") == 1
    assert elsewhere("SELECT count(*) FROM agency_agency") == (1,)


def test_a_transaction_of_which_a_statement_failed_never_seems_to_be_committed(either: None) -> None:
    """However well its error was hidden."""
    with pytest.raises(DatabaseError, match="nothing is committed"), transaction.atomic():
        open_agency(OURS)
        with suppress(DatabaseError):
            ask("SELECT 1/0")
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)

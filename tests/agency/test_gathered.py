"""What goes as one statement is what plain writes would have stored, in their order, or an error and nothing."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.functional import lazystr
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agency.actions.alarms import clear_alarms, set_alarms
from agency.gathered import can_wait, gathered
from agency.ids import new_id
from agency.models import Agency, Alarm, Event
from agency.tenancy import NoTenant, TenantModel, tenant
from agency.written import insert, update
from clients.models import Query
from clients.words import ClockKind
from tests.fixtures import FRIDAY_EVENING
from workflows.models import Clock

OURS = UUID(int=7)
quickly = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def told(type_: str = "a.b", **given: Any) -> Event:
    given = {"at": FRIDAY_EVENING, "subject_type": "thing", "subject_id": OURS, "data": {}, **given}
    return Event(type=type_, **given)


def promised(**given: Any) -> Clock:
    given = {
        "mention_id": new_id(),
        "policy_id": new_id(),
        "kind": ClockKind.RESPOND,
        "target": timedelta(hours=2),
        "used": timedelta(0),
        "warn_at": [50],
        "started_at": FRIDAY_EVENING,
        **given,
    }
    return Clock(**given)


class Undone(Exception):
    pass


def stored(agency_id: UUID, row: TenantModel, *write: Callable[[], None]) -> Any:
    """A row as PostgreSQL itself shows it after these writes, which are undone again; None where one is refused."""
    found: Any = None
    with suppress(Undone, DatabaseError, TypeError, ValueError), transaction.atomic(), tenant(agency_id):
        with gathered() if len(write) > 1 else transaction.atomic():
            for one in write:
                one()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT r::text FROM {row._meta.db_table} AS r WHERE id = %s", [row.pk])
            found = cursor.fetchone()
        raise Undone
    return found


def alike(agency: Agency, make: Callable[[], TenantModel], *, possible: bool = True) -> None:
    """Saved and gathered, new and as a change of all its fields."""
    with tenant(agency.pk):
        row, old = make(), make()
        old.pk = row.pk
    plain = stored(agency.pk, row, lambda: row.save(force_insert=True))
    assert (plain is not None) == possible
    assert stored(agency.pk, row, lambda: insert(row), lambda: None) == plain
    if isinstance(row, Event):  # never changes
        return
    changed = stored(agency.pk, row, lambda: insert(_blank(old)), lambda: update(row))
    assert changed == plain


def _blank(row: TenantModel) -> TenantModel:
    """The same row with other values."""
    if isinstance(row, Clock):
        row.target, row.warn_at, row.fired = timedelta(1), [1], ["x"]
        row.started_at = FRIDAY_EVENING
    if isinstance(row, Query):
        row.any_terms, row.none_terms, row.created_by = ["old"], ["old"], "old"
    return row


# Values -------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
ODD = st.text(st.sampled_from("\\\"'{},\n\t %$\x01\x7fäß😀\u2028\ufeff"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | ODD, inner, max_size=3),
    max_leaves=6,
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30)), ZoneInfo("Europe/Riga")])
TIMES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)
SPANS = st.timedeltas()
WORDS = st.lists(TEXT | ODD | st.sampled_from(["", "NULL", "null", "{}", '"', "a,b", " "]), max_size=4)


@quickly
@given(data=JSON, text=TEXT | ODD, at=TIMES, client_id=st.none() | st.uuids())
@example(data=2**80, text="", at=datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), client_id=None)
@example(data={"1": 1e300, "x": -0.0}, text="'", at=datetime(1, 1, 1, tzinfo=UTC), client_id=None)
@example(
    data="null", text="null", at=datetime(1880, 1, 1, 1, 1, 1, 1, ZoneInfo("Europe/Riga")), client_id=None
)
@example(data="text", text=ClockKind.CLAIM, at=FRIDAY_EVENING, client_id=UUID(int=0))
def test_texts_times_and_documents_are_stored_as_a_plain_save_stores_them(
    agency: Agency, data: Any, text: str, at: datetime, client_id: UUID | None
) -> None:
    # A column that isn't null has no place for nothing.
    alike(
        agency,
        lambda: told(text[:60], data=data, at=at, client_id=client_id),
        possible=data is not None,
    )


@quickly
@given(
    target=SPANS, used=SPANS, at=st.none() | TIMES, numbers=st.lists(st.integers(0, 2**15 - 1), max_size=4)
)
@example(target=timedelta.max, used=timedelta.min, at=None, numbers=[])
@example(target=timedelta(days=-1, microseconds=1), used=timedelta(microseconds=-1), at=None, numbers=[0])
def test_spans_and_numbers_are_stored_as_a_plain_save_stores_them(
    agency: Agency, target: timedelta, used: timedelta, at: datetime | None, numbers: list[int]
) -> None:
    alike(agency, lambda: promised(target=target, used=used, due_at=at, warn_at=numbers, lines=len(numbers)))


@quickly
@given(WORDS, WORDS)
def test_lists_of_words_are_stored_as_a_plain_save_stores_them(
    agency: Agency, words: list[str], others: list[str]
) -> None:
    def make() -> Query:
        given = {"client_id": new_id(), "version": 1, "created_at": FRIDAY_EVENING, "created_by": "Ana"}
        return Query(any_terms=words, none_terms=others, **given)

    alike(agency, make)


@pytest.mark.parametrize(
    "given",
    [
        *(
            {"data": {"x": "\0"}},
            {"data": {"x": "\ud800"}},
            {"data": {"x": float("nan")}},
            {"data": object()},
        ),
        *({"data": {"x": FRIDAY_EVENING}}, {"data": {"x": new_id}}, {"data": None}, {"subject_id": None}),
        *({"type_": "\0"}, {"type_": "\ud800"}, {"type_": "x" * 61}, {"at": object()}),
    ],
)
def test_what_a_plain_save_refuses_is_refused(agency: Agency, given: dict[str, Any]) -> None:
    alike(agency, lambda: told(**given), possible=False)


def test_a_text_that_is_translated_late_is_stored_as_it_is_said_then(agency: Agency) -> None:
    alike(agency, lambda: told(lazystr("said")))


def test_numbers_out_of_range_are_refused(agency: Agency) -> None:
    alike(agency, lambda: promised(lines=2**15), possible=False)


def test_a_table_whose_values_are_made_while_they_are_stored_does_not_wait() -> None:
    class Made(models.Model):  # noqa: DJ008
        at = models.DateTimeField(auto_now=True)

        class Meta:
            app_label, managed = "agency", False

    class Nested(models.Model):  # noqa: DJ008
        days = ArrayField(models.DateField())

        class Meta:
            app_label, managed = "agency", False

    try:
        assert (can_wait(Made), can_wait(Nested), can_wait(Event), can_wait(Clock)) == (
            False,
            False,
            True,
            True,
        )
    finally:
        for model in (Made, Nested):
            del models.options.apps.all_models["agency"][model._meta.model_name]  # type: ignore[attr-defined,index]
        models.options.apps.clear_cache()  # type: ignore[attr-defined]


# Their order --------------------------------------------------------------------------------------------


def _types() -> list[str]:
    return [*Event.objects.order_by("id").values_list("type", flat=True)]


def test_whoever_asks_finds_what_waits(agency: Agency) -> None:
    with tenant(agency.pk), gathered():
        before = len(_types())
        insert(told())
        assert len(_types()) == before + 1


def test_all_of_a_block_goes_as_one_statement(agency: Agency) -> None:
    with tenant(agency.pk), CaptureQueriesContext(connection) as asked:
        with gathered():
            with gathered():
                insert(told())
            insert(told(), told())
            insert(told("c.d"))
            set_alarms("test", {OURS: FRIDAY_EVENING})
            clear_alarms("test", [new_id()])
        Event.objects.count()
    assert len(asked) == 2


def test_a_row_is_written_and_changed_and_changed_again(agency: Agency) -> None:
    with tenant(agency.pk):
        row = Alarm(agency=agency, kind="first", subject_id=OURS, due_at=FRIDAY_EVENING, last_error="first")
        with gathered():
            insert(row)
            row.kind, row.last_error = "second", "never"
            update(row, "kind")
            row.kind = "third"
            update(row, "kind")
            row.last_error, row.failures = "last", 3
            update(row, "last_error")
        found = Alarm.objects.get(pk=row.pk)
        assert (found.kind, found.last_error, found.failures) == ("third", "last", 0)


def test_what_is_changed_after_it_was_written_is_not_written(agency: Agency) -> None:
    with tenant(agency.pk):
        data = {"to": ["a"]}
        row = told(data=data)
        with gathered():
            insert(row)
            data["to"].append("b")
        assert Event.objects.get(pk=row.pk).data == {"to": ["a"]}


def test_an_alarm_is_what_was_said_of_it_last(agency: Agency) -> None:
    soon, late = FRIDAY_EVENING, FRIDAY_EVENING + timedelta(1)
    with tenant(agency.pk):
        for how in (transaction.atomic, gathered):
            with how():
                for kind in ("gone", "set", "sooner", "later"):
                    set_alarms(kind, {OURS: late})
                clear_alarms("gone", [OURS])
                clear_alarms("set", [OURS])
                set_alarms("set", {OURS: soon})
                for at in (soon, late):
                    set_alarms("sooner", {OURS: at}, keep_sooner=True)
                    set_alarms("later", {OURS: at}, wake=False)
            assert dict(Alarm.objects.filter(subject_id=OURS).values_list("kind", "due_at")) == {
                "set": soon,
                "sooner": soon,
                "later": late,
            }
            Alarm.objects.filter(subject_id=OURS).delete()


# Undoing ------------------------------------------------------------------------------------------------


def test_a_savepoint_takes_what_waited_in_it_along_and_nothing_else(agency: Agency) -> None:
    with tenant(agency.pk), gathered():
        insert(told("before"))
        with suppress(Undone), transaction.atomic():
            insert(told("undone"))
            raise Undone
        with transaction.atomic():
            insert(told("kept"))
        insert(told("after"))
        assert _types()[-3:] == ["before", "kept", "after"]


def test_an_error_undoes_its_savepoint_and_what_comes_next_is_written(agency: Agency) -> None:
    with tenant(agency.pk):
        with gathered():
            with pytest.raises(DatabaseError), transaction.atomic():
                insert(told("x" * 61))
            insert(told("next"))
        assert _types()[-1] == "next"


def test_what_waited_in_another_block_behind_an_error_goes_with_it(agency: Agency) -> None:
    with tenant(agency.pk):
        with pytest.raises(DatabaseError), transaction.atomic():
            with gathered():
                insert(told("x" * 61))
            with gathered():
                insert(told("behind"))
        with gathered():
            insert(told("next"))
        assert _types()[-1] == "next"
        assert "behind" not in _types()


def test_what_can_not_be_written_is_refused_where_it_is_said(agency: Agency) -> None:
    with tenant(agency.pk), gathered():
        with pytest.raises(TypeError):
            insert(told(data={"x": object()}))
        with pytest.raises(TypeError):
            insert(told(object()))  # type: ignore[arg-type]
        insert(told("next"))
        assert _types()[-1] == "next"


def test_outside_an_agency_nothing_waits(agency: Agency) -> None:
    with tenant(agency.pk):
        row = told()
    with gathered(), pytest.raises(NoTenant):
        insert(row)


def test_no_row_of_another_agency_is_written_or_changed(agency: Agency, cleo: Any) -> None:
    with tenant(cleo.agency_id):
        row = Alarm(agency_id=cleo.agency_id, kind="rival", subject_id=OURS, due_at=FRIDAY_EVENING)
        insert(row)
        row.kind = "changed"
    with tenant(agency.pk), gathered():
        update(row)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            insert(_of(cleo))
    with tenant(cleo.agency_id):
        assert Alarm.objects.get(pk=row.pk).kind == "rival"


def _of(actor: Any) -> Event:
    row = told()
    row.agency_id = actor.agency_id
    return row


def test_each_agencys_rows_are_written_as_it_is_left(agency: Agency, cleo: Any) -> None:
    """As a sweep goes through agencies, in one transaction."""
    with gathered():
        for agency_id in (agency.pk, cleo.agency_id):
            with tenant(agency_id):
                insert(told(f"of.{agency_id.hex[:8]}"))
                set_alarms("test", {OURS: FRIDAY_EVENING})
    for agency_id in (agency.pk, cleo.agency_id):
        with tenant(agency_id):
            assert _types()[-1] == f"of.{agency_id.hex[:8]}"
            assert Alarm.objects.filter(kind="test", agency_id=agency_id).count() == 1


# Committing ---------------------------------------------------------------------------------------------


def _committed() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        name = cursor.fetchone()[0]
    address = psycopg.conninfo.make_conninfo(os.environ["EARSHOT_TEST_SUPERUSER"], dbname=name)
    with psycopg.connect(address) as server:
        return [type_ for (type_,) in server.execute("SELECT type FROM agency_event ORDER BY id").fetchall()]


@pytest.fixture(params=["prepared", "behind a pooler"])
def ours(request: pytest.FixtureRequest, committed: None) -> UUID:
    connection.ensure_connection()
    if request.param == "behind a pooler":
        connection.connection.prepare_threshold = None
    Agency.objects.create(pk=OURS, name="A", time_zone="UTC")
    return OURS


def test_what_waits_is_committed_with_the_rest_even_where_nothing_else_is_asked(ours: UUID) -> None:
    for type_ in ("a.b", "c.d"):
        with tenant(ours), gathered():
            insert(told(type_), told(type_ + ".e"))
    assert _committed() == ["a.b", "a.b.e", "c.d", "c.d.e"]


@pytest.mark.parametrize("asks_before", [True, False])
def test_an_error_at_the_commit_undoes_all_and_tells_nobody(ours: UUID, asks_before: bool) -> None:
    rung: list[int] = []
    with pytest.raises(IntegrityError), tenant(ours):
        with gathered():
            if asks_before:
                insert(told("before"))
                assert _types() == ["before"]
            transaction.on_commit(lambda: rung.append(1))
            insert(told("good"), told("bad", subject_id=None))
    assert (rung, _committed(), connection.get_autocommit()) == ([], [], True)
    with tenant(ours), gathered():
        insert(told("next"))
    assert _committed() == ["next"]


def test_an_error_behind_the_last_statement_is_told_by_the_commit(ours: UUID) -> None:
    """A foreign key inside an agency is checked only then."""
    with pytest.raises(IntegrityError, match="same_agency"), tenant(ours), gathered():
        insert(promised())
    with tenant(ours):
        assert Clock.objects.count() == 0


def test_what_an_exception_leaves_waiting_is_not_written_by_the_next(ours: UUID) -> None:
    with suppress(Undone), tenant(ours), gathered():
        insert(told("undone"))
        raise Undone
    with tenant(ours), gathered():
        insert(told("next"))
    assert _committed() == ["next"]

"""Arrays in PostgreSQL's own format say what lists would say."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.ids import new_id, new_ids
from agency.packed import Ids, Times, adapt, words

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30)), ZoneInfo("Europe/Riga")])
# The database has no times beyond those of a datetime in UTC either.
TIMES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.uuids(), max_size=20), st.lists(st.none() | TIMES, max_size=20))
def test_packed_arrays_are_read_as_the_ids_and_times_that_went_in(
    db: None, ids: list[UUID], times: list[datetime | None]
) -> None:
    with connection.cursor() as cursor:
        adapt(cursor)
        cursor.execute("SELECT %s::text[], %s", [Ids.of([pk.bytes for pk in ids]), Times.of(times)])
        found_ids, found_times = cursor.fetchone()
    assert found_ids == [str(pk) for pk in ids]
    # Moments that a clock change repeats equal no moment of another zone.
    assert found_times == [time and time.astimezone(UTC) for time in times]


def test_a_list_of_lists_of_words_is_one_array_of_texts(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::text[], %s::int[]", [words(['"{warn_50,breach}"', '"{}"']), words(range(3))]
        )
        assert cursor.fetchone() == (["{warn_50,breach}", "{}"], [0, 1, 2])


def test_only_the_cursor_that_asked_for_it_answers_ids_as_bytes(db: None) -> None:
    pk = new_id()
    with connection.cursor() as cursor:
        adapt(cursor)
        cursor.execute("SELECT %s::uuid", [pk])
        assert cursor.fetchone() == (pk.bytes,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::uuid", [pk])
        assert cursor.fetchone() == (pk,)


def test_many_ids_at_once_are_each_their_own_and_rise() -> None:
    many = [UUID(bytes=pk) for pk in new_ids(200)]
    assert {pk.version for pk in many} == {7}
    assert many == sorted(set(many))

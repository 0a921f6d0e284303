"""The test processes themselves."""

import os

from django.db import connection


def test_every_test_process_works_in_a_database_of_its_own(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_user")
        found = cursor.fetchone()
    assert found == (f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}", "earshot_app")

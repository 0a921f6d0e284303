"""An alarm whose handler notes when it rang, and the process that sweeps for it: `manage.py sweeper`, knowing that kind.

Celery's worker learns of it by `--include tests.benchmarks.ringing`.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import django
from django.apps import apps

KIND = "lateness.ring"
TABLE = "CREATE TABLE lateness (subject_id uuid PRIMARY KEY, at timestamptz NOT NULL)"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if __name__ == "__main__":
    django.setup()


def register() -> None:
    from django.db import connection  # noqa: PLC0415  (Django may not be set up before)

    from agency.actions.alarms import on_alarm  # noqa: PLC0415

    @on_alarm(KIND)
    def note(subjects: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO lateness SELECT unnest(%s::uuid[]), clock_timestamp()", [list(subjects)]
            )
        return {}


if __name__ == "__main__":
    from django.core.management import call_command

    register()
    call_command("sweeper")
elif apps.ready:
    register()

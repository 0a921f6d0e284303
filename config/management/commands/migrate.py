"""`migrate` as the role that owns the tables; the application's own role owns nothing."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import connections


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        if options.get("database") == "default" and "owner" in connections:
            options["database"] = "owner"
        super().handle(*args, **options)

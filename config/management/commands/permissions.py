"""`manage.py permissions`: write docs/permissions.md from the code's own tables, or check that it is true."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.permissions import written

PAGE = Path(settings.BASE_DIR) / "docs" / "permissions.md"


class Command(BaseCommand):
    help = "Writes docs/permissions.md: who may do what."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when it isn't true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        text = written()
        if not check:
            PAGE.write_text(text)
        elif not PAGE.exists() or PAGE.read_text() != text:
            raise CommandError("docs/permissions.md isn't what the code says. Run: manage.py permissions")
        self.stdout.write(f"{PAGE.relative_to(settings.BASE_DIR)} is true.")

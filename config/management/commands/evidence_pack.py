"""The evidence of one mention, as a file."""

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.actor import system
from agency.errors import DomainError
from agency.models import Agency
from agency.tenancy import tenant
from workflows.actions.evidence import pack_name, take_evidence


class Command(BaseCommand):
    help = "Write everything that was known of a mention and done with it to one ZIP file, which says how to check it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mention", type=UUID, help="the mention's id")
        parser.add_argument("--agency", type=UUID, required=True, metavar="ID", help="whose mention it is")
        parser.add_argument(
            "-o", "--output", type=Path, metavar="FILE", help="where to (default: evidence-ID.zip)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(pk=options["agency"]).first()
        if agency is None:
            raise CommandError("There is no agency with this id.")
        target: Path = options["output"] or Path(pack_name(options["mention"]))
        try:
            with tenant(agency.pk):
                found = take_evidence(options["mention"], by=system(agency.pk), now=clock.now())
        except DomainError as error:
            raise CommandError(error.message) from None
        with found as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
        self.stdout.write(
            f"{target} has {target.stat().st_size:,} bytes. Unpack it and run: python3 check.py"
        )

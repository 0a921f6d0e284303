"""Make mentions searchable that aren't yet."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from agency.models import Agency
from agency.tenancy import tenant
from mentions.actions.search import fill_missing

# A transaction each: short, and what is filled stays filled should the command be stopped.
AT_ONCE = 2000


class Command(BaseCommand):
    help = (
        "Make every mention searchable that isn't yet, such as those recorded before there was a search. New mentions"
        " need no command. Can be stopped and run again, also while Earshot runs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", type=UUID, metavar="ID", help="this agency only")

    def handle(self, *args: Any, **options: Any) -> None:
        agencies = Agency.objects.order_by("name", "id")
        if options["agency"]:
            agencies = agencies.filter(pk=options["agency"])
            if not agencies.exists():
                raise CommandError("There is no agency with this id.")
        for agency in agencies:
            filled = self._fill(agency)
            self.stdout.write(f"{agency.name}: {filled} made searchable.")

    def _fill(self, agency: Agency) -> int:
        whole = 0
        while True:
            with tenant(agency.pk):
                filled = fill_missing(limit=AT_ONCE)
            whole += filled
            if filled < AT_ONCE:
                return whole

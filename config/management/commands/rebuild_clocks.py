"""Make every clock again from its history."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.models import Agency
from config.management.agencies import find_agency, operator
from workflows.actions.rebuilding import rebuild_clocks
from workflows.queries.clock_history import Difference


class Command(BaseCommand):
    help = (
        "Make every clock again from its history and put right what differs: the clock, its alarm, and what its mention"
        " is due for. With --check, only say what differs, and end with 1 if anything does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing")
        parser.add_argument("--agency", default="", help="only this one: its id or name")

    def handle(self, *args: Any, **options: Any) -> None:
        agencies = (
            [find_agency(options["agency"])] if options["agency"] else list(Agency.objects.order_by("id"))
        )
        repair = not options["check"]
        clocks = differing = broken = 0
        for agency in agencies:
            for batch in rebuild_clocks(agency.pk, repair=repair, by=operator(agency), now=clock.now()):
                clocks, broken = clocks + batch.clocks, broken + batch.broken
                differing += len(batch.differences)
                for difference in batch.differences:
                    self.stdout.write(f"{agency.name}: {_told(difference)}")
        done = f"{differing - broken} differences put right" if repair else f"{differing} differences found"
        self.stdout.write(f"{clocks} clocks, {done}.")
        if differing and not repair:
            raise CommandError("Some clocks aren't what their histories make of them.")
        if broken:
            raise CommandError(f"{broken} clocks have a history that makes no clock; they stay as they are.")


def _told(difference: Difference) -> str:
    return f"{difference.subject} {difference.field}: stored {difference.stored}, folded {difference.folded}"

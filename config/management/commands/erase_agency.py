"""Erase a whole agency."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.errors import DomainError
from agency.models import Agency, Erasure
from agency.tenancy import tenant
from config.management.agencies import confirmed, find_agency, operator
from workflows.actions.erasing import erase
from workflows.actions.erasures import request_erasure


class Command(BaseCommand):
    help = "Erase an agency with everything that is in it: after the time of grace, or now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agency", help="its id, or its name where only one is called so")
        parser.add_argument("--now", action="store_true", help="no time of grace: erase it while you wait")
        parser.add_argument("--yes", action="store_true", help="don't ask to type the name")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = find_agency(options["agency"])
        confirmed(self, agency.name, sure=options["yes"])
        erasure = self._asked(agency)
        if not options["now"]:
            self.stdout.write(
                f"{agency.name} is erased from {erasure.due_at:%Y-%m-%d %H:%M} UTC on. Its owners know."
            )
            return
        with tenant(agency.pk):
            Erasure.objects.filter(pk=erasure.pk).update(due_at=clock.now() - timedelta(seconds=1))
        while not erase(agency.pk, erasure.pk, clock=clock.now):
            pass
        self.stdout.write(f"{agency.name} is erased.")

    def _asked(self, agency: Agency) -> Erasure:
        """The one that is under way, or a new one."""
        with tenant(agency.pk):
            under_way: Erasure | None = (
                Erasure.objects.filter(kind=Erasure.Kind.AGENCY)
                .exclude(state=Erasure.State.CALLED_OFF)
                .first()
            )
            if under_way is not None:
                return under_way
            try:
                return request_erasure(
                    kind=Erasure.Kind.AGENCY,
                    about_id=None,
                    confirm=agency.name,
                    reason=Erasure.Reason.OTHER,
                    by=operator(agency),
                    now=clock.now(),
                )
            except DomainError as error:
                raise CommandError(error.message) from None

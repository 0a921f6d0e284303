"""Erase an author or an archived client of an agency."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.errors import DomainError
from agency.models import Erasure
from agency.tenancy import tenant
from config.management.agencies import confirmed, find_agency, operator, subject_of
from workflows.actions.erasing import erase
from workflows.actions.erasures import request_erasure


class Command(BaseCommand):
    help = "Erase an author or an archived client, leaving counts, and for an author what keeps them from being collected."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, help="its id or name")
        parser.add_argument("--client", help="the client's id")
        parser.add_argument("--author", help="the author's id")
        reasons = ", ".join(Erasure.Reason.values)
        parser.add_argument("--reason", choices=Erasure.Reason.values, default="other", help=reasons)
        parser.add_argument("--yes", action="store_true", help="don't ask to type the name")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = find_agency(options["agency"])
        try:
            kind, about_id, name = subject_of(agency, options)
            if about_id is None:
                raise CommandError("Name a client or an author. An agency is erased by erase_agency.")
            confirmed(self, name, sure=options["yes"])
            with tenant(agency.pk):
                erasure_id = request_erasure(
                    kind=kind,
                    about_id=about_id,
                    confirm=name,
                    reason=options["reason"],
                    by=operator(agency),
                    now=clock.now(),
                ).pk
        except DomainError as error:
            raise CommandError(error.message) from None
        while not erase(agency.pk, erasure_id, clock=clock.now):
            self.stdout.write("There is more to erase, or an export is being made…")
        self.stdout.write("Erased.")

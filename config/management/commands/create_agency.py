"""Open an agency on this installation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.errors import DomainError
from agency.notices import password_link
from workflows.actions.onboarding import open_agency


class Command(BaseCommand):
    help = "Open an agency with its first owner, and print the link by which the owner sets a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="the agency's name")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="the owner's mail address")
        parser.add_argument("--owner-name", default="", help="what the owner is called")
        parser.add_argument("--time-zone", default="UTC", help="an IANA time zone, such as Europe/Riga")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            agency, owner = open_agency(
                name=options["name"],
                time_zone=options["time_zone"],
                owner_email=options["owner"],
                owner_name=options["owner_name"],
                now=clock.now(),
            )
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{agency.name} is open. {owner.user.email} owns it.")
        if not owner.user.has_usable_password():
            self.stdout.write(f"Set the password here: {password_link(owner.user)}")

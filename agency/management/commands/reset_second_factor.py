"""Take away the second factor of a person who lost it: for who runs the installation, after making sure who asks."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agency import clock
from agency.actions.audit import record_for_user
from agency.actions.second_factor import remove_second_factor
from agency.models import User


class Command(BaseCommand):
    help = "Remove the authenticator app, passkeys and recovery codes of a person, and end their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the mail address that they sign in with")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"].strip()).first()
        if user is None:
            raise CommandError(f"Nobody signs in with {options['email']}.")
        removed = remove_second_factor(user)
        if not removed:
            raise CommandError(f"{user.email} has no second factor.")
        record_for_user(user, "account.factor_reset", address="", now=clock.now(), proven=False)
        self.stdout.write(
            f"{user.email} signs in with the password alone until they set up a new second factor. "
            "Every agency that they work for sees it in its activity log."
        )

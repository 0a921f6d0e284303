"""Make a key for EARSHOT_VAULT_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency.vault import BadVaultKey, make_key


class Command(BaseCommand):
    help = "Print a new random key for EARSHOT_VAULT_KEYS. Put it first there; keep older ones after it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="what to call it: small letters, digits and hyphens, such as 2026-11")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(make_key(options["id"]))
        except BadVaultKey as error:
            raise CommandError(str(error)) from None

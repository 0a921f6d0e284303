"""Seal what is stored with the vault's first key, so that older keys can be dropped."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency.actions.rotation import Rotated, rotate_all
from agency.vault import BadVaultKey, first_key_id


class Command(BaseCommand):
    help = (
        "Seal every stored secret with the first key of EARSHOT_VAULT_KEYS. May run while people work, and again "
        "after it was stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing; say which older keys are still needed, and exit with 1 if any is",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            first = first_key_id()
        except BadVaultKey as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The first key is “{first}”.")
        if not options["check"]:
            for done in rotate_all(change=True):
                self._tell(done)
        # What the tables hold now, whoever sealed it meanwhile.
        still = [done for done in rotate_all(change=False) if done.old_keys]
        for done in still:
            held = ", ".join(f"{count} by “{key}”" for key, count in done.old_keys.items())
            self.stdout.write(f"{done.name}: still sealed {held}.")
        if still:
            keys = sorted({key for done in still for key in done.old_keys})
            raise CommandError(f"Keep {', '.join(f'“{key}”' for key in keys)}: secrets need it still.")
        self.stdout.write("Everything is sealed by the first key. Older keys can be dropped.")

    def _tell(self, done: Rotated) -> None:
        self.stdout.write(f"{done.name}: {done.by_key.total()} sealed, {done.resealed} sealed again.")
        for reason, count in sorted(done.unopened.items()):
            self.stderr.write(f"{done.name}: {count} not opened. {reason}")

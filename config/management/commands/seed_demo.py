"""Make the demo agency, and say how to sign in there."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agency import clock
from config.demo.seed import seed, sign_ins


class Command(BaseCommand):
    help = "Make the demo agency if it isn't there, and print its sign-ins."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError(
                "The demo agency is for trying Earshot out: set EARSHOT_DEVELOPMENT=true first."
            )
        password = demo_password()
        seed(password=password, base_url=settings.BASE_URL, now=clock.now())
        self.stdout.write("The demo agency's sign-ins, all with the password " + password)
        for person in sign_ins():
            self.stdout.write(f"  {person.email:<26} {person.role}")


def demo_password() -> str:
    """Made once for each data folder, so that no installation can be entered with another's."""
    if not settings.DATA_DIR:
        raise CommandError("Set EARSHOT_DATA_DIR: the demo's password is kept there.")
    path = Path(settings.DATA_DIR) / "demo-password"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write("-".join(secrets.token_hex(2) for _ in range(4)) + "\n")
    return path.read_text().strip()

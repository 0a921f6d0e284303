"""Ring on time."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.launcher import commands


class Command(BaseCommand):
    help = "Ring on time for the alarms. One is enough, and a second one does no harm."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.DATA_DIR or tempfile.mkdtemp(prefix="earshot-"))
        schedule = folder.absolute() / "beat" / "schedule"
        schedule.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = commands.beat(schedule=schedule)
        os.chdir(commands.ROOT)
        os.execv(command[0], command)

"""Do the work that waits in the queues."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.launcher import commands


class Command(BaseCommand):
    help = "Do the work that waits in the queues. SIGTERM finishes the tasks that have begun."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        shown = "(default: %(default)s)"
        parser.add_argument("--queues", default=commands.QUEUES, help=f"which queues {shown}")
        parser.add_argument("--concurrency", type=int, default=2, help=f"processes {shown}")

    def handle(self, *args: Any, queues: str, concurrency: int, **options: Any) -> None:
        command = commands.worker(queues=queues, concurrency=concurrency)
        os.chdir(commands.ROOT)
        os.execv(command[0], command)

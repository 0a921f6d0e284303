"""Serve the pages and the API."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.launcher import commands, up


class Command(BaseCommand):
    help = "Serve the pages and the API. SIGTERM finishes the requests that have begun."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        shown = "(default: %(default)s)"
        parser.add_argument("--host", default=up.DEFAULT_HOST, help=f"where to listen {shown}")
        parser.add_argument("--port", type=int, default=up.DEFAULT_PORT, help=f"its port {shown}")
        parser.add_argument("--workers", type=int, default=2, help=f"processes {shown}")
        parser.add_argument("--threads", type=int, default=4, help=f"threads in each {shown}")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {name: options[name] for name in ("host", "port", "workers", "threads")}
        command = commands.web(**wanted)
        os.chdir(commands.ROOT)
        os.execv(command[0], command)

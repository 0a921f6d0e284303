"""Serve the stream of events."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.launcher import commands, up


class Command(BaseCommand):
    help = (
        "Serve the stream of events, /api/v1/events/stream/, and nothing else. One process keeps many open."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        shown = "(default: %(default)s)"
        parser.add_argument("--host", default=up.DEFAULT_HOST, help=f"where to listen {shown}")
        parser.add_argument("--port", type=int, default=up.DEFAULT_PORT + 1, help=f"its port {shown}")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        command = commands.stream(host=host, port=port)
        os.chdir(commands.ROOT)
        os.execv(command[0], command)

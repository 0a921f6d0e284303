"""Start everything that Earshot needs, and keep it running."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.launcher import up


class Command(BaseCommand):
    help = (
        "Start everything: PostgreSQL and Valkey unless DATABASE_URL and REDIS_URL are set, "
        "the tables, a demo agency, and web, worker, sweeper and beat. Ctrl-C ends it all."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        shown = "(default: %(default)s)"
        parser.add_argument("--host", default=up.DEFAULT_HOST, help=f"where to listen {shown}")
        parser.add_argument("--port", type=int, default=up.DEFAULT_PORT, help=f"its port {shown}")
        parser.add_argument("--no-demo", action="store_true", help="don't seed the demo agency")

    def handle(self, *args: Any, host: str, port: int, no_demo: bool, **options: Any) -> None:
        sys.exit(up.main(up.Options(host=host, port=port, demo=not no_demo), os.environ))

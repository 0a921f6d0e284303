"""Play the main job, from a feed on the web to an approved reply on the web, without a browser."""

import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.demo.play import Play
from config.demo.visitor import DemoFailed
from config.launcher.errors import LauncherError
from config.launcher.ports import free_port
from config.launcher.processes import default_path, running, running_environment, start_in_background


class Command(BaseCommand):
    help = "Play the main job through the running application's pages and API; starts what isn't running."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        began = time.monotonic()
        data_dir = default_path(os.environ)
        try:
            address, started = running(data_dir), None
            if address is None:
                self.stdout.write("Starting Earshot…")
                started = start_in_background(data_dir, free_port())
                address = started.address
                self.stdout.write(f"Earshot runs at {address} ({time.monotonic() - began:.1f} s)")
            else:
                self.stdout.write(f"Earshot runs at {address} already.")
                _await(data_dir)
            try:
                self._play(address, data_dir)
            finally:
                if started is not None:
                    started.stop()
        except (LauncherError, DemoFailed) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The whole loop works. {time.monotonic() - began:.1f} s in all.")

    def _play(self, address: str, data_dir: Path) -> None:
        password = data_dir / "demo-password"
        if not password.exists():
            raise DemoFailed("This Earshot has no demo agency. Start it without --no-demo.")
        Play(base_url=address, mail_dir=data_dir / "mail", password=password.read_text().strip()).run()


def _await(data_dir: Path) -> None:
    """Whoever started it a moment ago needs a little longer."""
    deadline = time.monotonic() + 60
    while not running_environment(data_dir):
        if time.monotonic() > deadline or running(data_dir) is None:
            raise DemoFailed("The Earshot on this data folder doesn't come up; its own output says why.")
        time.sleep(0.2)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)

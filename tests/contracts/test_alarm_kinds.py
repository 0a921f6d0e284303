"""Every alarm has its handler in every process: a sweeper serves no pages, and imports nothing that only they do."""

import os
import subprocess
import sys

from config.launcher.commands import ROOT

LOOK = """
import importlib, pkgutil
import django
django.setup()
from agency.actions.alarms import _handlers
known = set(_handlers)
for name in ("agency", "clients", "mentions", "workflows"):
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        if ".migrations" not in found.name:
            importlib.import_module(found.name)
print(len(_handlers), sorted(set(_handlers) - known))
"""


def test_a_sweeper_rings_for_every_kind_that_there_is() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count, missing = done.stdout.strip().split(" ", 1)
    assert missing == "[]"
    assert int(count) > 20

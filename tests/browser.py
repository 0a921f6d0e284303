"""Chromium for the journeys and the README's pictures: the system's own, so that nothing is downloaded."""

from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
MISSING = "The browser journeys need Chromium: apt-get install chromium"
LAUNCH = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def is_there() -> bool:
    return Path(CHROMIUM).exists()

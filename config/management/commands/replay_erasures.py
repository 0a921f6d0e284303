"""Erase again, on a restored database, what had been erased since its backup was made."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.models import Agency
from workflows.actions.replaying import replay


class Command(BaseCommand):
    help = (
        "Erase again what these lines name: of the command erasures, or of Earshot's log (“erased”). Lines of anything "
        "else are passed over. Doing it twice does no harm."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file with the lines; - reads them from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        done = gone = 0
        for line in _lines(options["file"]):
            agency_id = UUID(line["agency"])
            if line["kind"] == "agency":
                if Agency.objects.filter(pk=agency_id).exists():
                    self.stdout.write(f"Agency {agency_id} was erased: run erase_agency {agency_id} --now.")
                continue
            if not Agency.objects.filter(pk=agency_id).exists():
                gone += 1
                continue
            replay(
                agency_id,
                kind=line["kind"],
                about_id=UUID(line["id"]),
                platform=line.get("platform", ""),
                digest=line.get("digest", ""),
                clock=clock.now,
            )
            done += 1
        self.stdout.write(f"{done} erased again; {gone} of agencies that aren't here.")


def _lines(path: str) -> Iterator[dict[str, Any]]:
    try:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:  # noqa: PTH123
            for text in file:
                with suppress(ValueError):
                    line = orjson.loads(text)
                    if isinstance(line, dict) and {"agency", "kind"} <= line.keys():
                        yield line
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from None

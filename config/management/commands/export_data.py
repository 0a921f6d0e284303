"""Write everything about an agency, a client or an author into a ZIP file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.errors import DomainError
from agency.models import Export
from agency.tenancy import tenant
from config.management.agencies import find_agency, operator, subject_of
from workflows.actions.exports import build_export, note_download, request_export
from workflows.archive import PIECE
from workflows.queries.exports import get_export, pieces_of


class Command(BaseCommand):
    help = "Write everything about an agency, or one of its clients or authors, into a ZIP file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, help="its id or name")
        parser.add_argument("--client", help="only this client: its id")
        parser.add_argument("--author", help="only this author: their id")
        parser.add_argument("-o", "--output", required=True, type=Path, help="the file to write")

    def handle(self, *args: Any, output: Path, **options: Any) -> None:
        agency = find_agency(options["agency"])
        by = operator(agency)
        try:
            kind, about_id, name = subject_of(agency, options)
            with tenant(agency.pk):
                export_id = request_export(kind=kind, about_id=about_id, by=by, now=clock.now()).pk
        except DomainError as error:
            raise CommandError(error.message) from None
        build_export(agency.pk, export_id, clock=clock.now)
        with tenant(agency.pk, read_only=True):
            export = get_export(export_id, by=by)
        if export.state != Export.State.READY:
            raise CommandError("It could not be made; the log says why. The worker tries again.")
        note_download(agency.pk, export_id, by=by, now=clock.now())
        with output.open("wb") as file:
            for piece in pieces_of(agency.pk, export_id, count=-(-export.size // PIECE)):
                file.write(piece)
        self.stdout.write(f"{name}: {export.rows} records, {export.size} bytes, SHA-256 {export.sha256}")

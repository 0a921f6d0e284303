"""Handing out an export's file."""

from collections.abc import Iterator
from uuid import UUID

from django.http import StreamingHttpResponse

from agency import clock
from agency.actor import Actor
from agency.errors import Conflict
from agency.models import Export, ExportPart
from agency.tenancy import current_agency
from workflows.actions.exports import note_download
from workflows.queries.exports import pieces_of

ZIP = "application/zip"


class NoFile(Conflict):
    """It isn't ready yet, or no longer there."""

    code, title = "no_file", "There is no file"


def download(export: Export, *, by: Actor) -> StreamingHttpResponse:
    """The file, piece by piece. Who takes it is in the log before the first byte goes out.

    Raises:
        NoFile.
    """
    if export.state != Export.State.READY:
        raise NoFile(
            "It isn't ready yet."
            if export.state == Export.State.QUEUED
            else "Its file is gone. Ask for it again."
        )
    count = ExportPart.objects.filter(export=export).count()
    response = StreamingHttpResponse(_pieces(current_agency(), export.pk, count, by), content_type=ZIP)
    response["Content-Length"] = str(export.size)
    response["Content-Disposition"] = (
        f'attachment; filename="earshot-{export.kind}-{export.ready_at:%Y-%m-%d}.zip"'
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _pieces(agency_id: UUID, export_id: UUID, count: int, by: Actor) -> Iterator[bytes]:
    note_download(agency_id, export_id, by=by, now=clock.now())
    yield from pieces_of(agency_id, export_id, count=count)

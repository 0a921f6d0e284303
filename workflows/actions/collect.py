"""Collection, whole: claim a source, fetch outside every transaction, record and take in inside one."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from agency.tenancy import tenant
from mentions.actions.reading import claim_source, fetch_page, record_failure, record_page
from mentions.platforms.base import PlatformError
from workflows.actions.intake import intake


def collect(agency_id: UUID, source_id: UUID, *, clock: Callable[[], datetime]) -> int:
    """Read one source; how many mentions it brought. Harmless when run twice, at once or after each other."""
    with tenant(agency_id):
        reading = claim_source(source_id, now=clock())
    if reading is None:
        return 0
    try:
        page = fetch_page(reading)
    except PlatformError as error:
        with tenant(agency_id):
            record_failure(reading, error, now=clock())
        return 0
    with tenant(agency_id):
        now = clock()
        recorded = record_page(reading, page, now=now)
        intake(recorded.mentions, now=now)
    return len(recorded.mentions)

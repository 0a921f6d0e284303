"""Collection, whole: claim a source, fetch outside every transaction, record and take in inside one."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from agency.tenancy import tenant
from mentions.actions.reading import claim_source, fetch_page, record_failure, record_page
from mentions.platforms.base import PlatformError
from workflows.actions.conversations import follow_conversations
from workflows.actions.intake import intake

log = structlog.get_logger("earshot.reading")


def collect(agency_id: UUID, source_id: UUID, *, clock: Callable[[], datetime]) -> int:
    """Read one source; how many mentions it brought. Harmless when run twice, at once or after each other."""
    with tenant(agency_id):
        reading = claim_source(source_id, now=clock())
    if reading is None:
        return 0
    try:
        page = fetch_page(reading)
        with tenant(agency_id):
            now = clock()
            recorded = record_page(reading, page, now=now)
            intake(recorded.mentions, now=now)
            follow_conversations(recorded.messages, now=now)
    except PlatformError as error:
        failure = error
    except Exception:
        # Whatever a source makes us trip over is said on its health, and it is read more rarely.
        log.exception("reading broke", source=str(source_id))
        failure = PlatformError(
            "internal", "Earshot could not take in what this source says.", retryable=True
        )
    else:
        return len(recorded.mentions)
    with tenant(agency_id):
        record_failure(reading, failure, now=clock())
    return 0

"""Taking the evidence of a mention away, which is itself noted."""

from datetime import datetime
from typing import IO
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from mentions.models import Mention
from workflows.packing import pack
from workflows.queries.evidence import get_evidence, links_from


def take_evidence(mention_id: UUID, *, by: Actor, now: datetime) -> IO[bytes]:
    """One ZIP file with everything that was known and done, ready to be read.

    Raises:
        NotFound; Forbidden: without the right to the log.
    """
    evidence = get_evidence(mention_id, by=by, now=now)
    file, digest = pack(evidence, links_from(evidence.first))
    mention = Mention.objects.get(pk=mention_id)
    details = {"entries": len(evidence.entries), "head": evidence.head["seq"], "sha256": digest}
    record("evidence.taken", by=by, subject=mention, now=now, details=details)
    emit("evidence.taken", subject=mention, now=now, data={"sha256": digest})
    return file


def pack_name(mention_id: UUID) -> str:
    return f"evidence-{mention_id}.zip"

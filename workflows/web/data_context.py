"""What the pages about data show of exports, erasures and blocks."""

from typing import Any
from uuid import UUID

from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from agency.models import Erasure, Export
from mentions.models import ForgottenAuthor
from workflows.queries.erasures import reasons_of
from workflows.queries.exports import about_names, rows_so_far

_EXPORTS = {
    Export.State.QUEUED: ("Being made", "warn"),
    Export.State.READY: ("Ready", "ok"),
    Export.State.FAILED: ("Failed", "danger"),
    Export.State.EXPIRED: ("File deleted", ""),
}
_ERASURES = {
    Erasure.State.WAITING: ("Waiting", "warn"),
    Erasure.State.RUNNING: ("Being erased", "warn"),
    Erasure.State.DONE: ("Erased", "ok"),
    Erasure.State.CALLED_OFF: ("Called off", ""),
}
_SUBJECTS = {"agency": "The agency", "client": "A client", "author": "An author"}
_COUNTED = (("mentions", "mention"), ("posts", "post"), ("reply_versions", "version of a reply"))


def data_context(
    *, exports: list[Export], erasures: list[Erasure], blocks: list[ForgottenAuthor]
) -> dict[str, Any]:
    names = about_names([(export.kind, export.about_id) for export in exports])
    reasons = reasons_of(blocks)
    busy = any(export.state == Export.State.QUEUED for export in exports) or any(
        erasure.kind != Erasure.Kind.AGENCY
        and erasure.state in {Erasure.State.WAITING, Erasure.State.RUNNING}
        for erasure in erasures
    )
    return {
        "exports": [export_line(export, names) for export in exports],
        "erasures": [erasure_line(erasure) for erasure in erasures],
        "blocks": [
            {
                "platform": block.platform,
                "since": block.since,
                "by": block.by_name,
                "reason": reasons.get(block.erasure_id, "") if block.erasure_id else "",
                "lift_url": reverse("block-lift", args=[block.pk]),
            }
            for block in blocks
        ],
        "busy": busy,
    }


def export_line(export: Export, names: dict[UUID, str]) -> dict[str, Any]:
    label, badge = _EXPORTS[Export.State(export.state)]
    ready, waiting = export.state == Export.State.READY, export.state == Export.State.QUEUED
    about = names.get(export.about_id, "") if export.about_id else ""
    rows = rows_so_far(export) if waiting else export.rows
    size = f", {filesizeformat(export.size)}" if ready else ""
    return {
        "about": about or (f"{_SUBJECTS[export.kind]}{', since erased' if export.about_id else ''}"),
        "kind": _SUBJECTS[export.kind] if about else "",
        "label": label,
        "badge": badge,
        "amount": f"{rows:,} records{size}" if rows else "",
        "error": export.error,
        "by": export.requested_by,
        "created_at": export.created_at,
        "expires_at": export.expires_at if ready else None,
        "download_url": reverse("export-download", args=[export.pk]) if ready else "",
        "delete_url": reverse("export-delete", args=[export.pk]) if ready else "",
    }


def erasure_line(erasure: Erasure) -> dict[str, Any]:
    label, badge = _ERASURES[Erasure.State(erasure.state)]
    counted = [(erasure.counts.get(key, 0), word) for key, word in _COUNTED]
    return {
        "what": _SUBJECTS[erasure.kind],
        "reason": "" if erasure.kind == Erasure.Kind.AGENCY else Erasure.Reason(erasure.reason).label,
        "label": label,
        "badge": badge,
        "amount": ", ".join(_some(count, word) for count, word in counted if count),
        "by": erasure.asked_by,
        "asked_at": erasure.asked_at,
        "due_at": erasure.due_at if erasure.state == Erasure.State.WAITING else None,
    }


def _some(count: int, word: str) -> str:
    noun, _, rest = word.partition(" ")
    return f"{count:,} {noun if count == 1 else f'{noun}s'}{f' {rest}' if rest else ''}"

"""Notices to a webhook: as JSON, signed."""

from datetime import UTC

import orjson

from agency.messengers.parcel import Outcome, Parcel
from agency.messengers.signed import new_signing, post_signed, signed_headers

__all__ = ["new_signing", "send_webhook"]


def send_webhook(parcel: Parcel) -> Outcome:
    body = orjson.dumps(_body(parcel))
    # The id is the notice's, so that a receiver knows what it has got already.
    headers = signed_headers(str(parcel.id), body, at=parcel.at, by=[parcel.signing])
    answer = post_signed(parcel.address, body, headers)
    return Outcome(
        ok=answer.ok,
        status=answer.status,
        error=answer.error,
        final=answer.gone or answer.refused,
        gone=answer.gone,
    )


def _body(parcel: Parcel) -> dict[str, object]:
    return {
        "type": parcel.kind,
        "timestamp": parcel.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "id": str(parcel.id),
            "urgent": parcel.urgent,
            "subject": parcel.subject,
            "text": parcel.text,
            "short": parcel.short,
            **parcel.about,
        },
    }

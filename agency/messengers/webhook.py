"""Webhooks, signed by the Standard Webhooks specification, through the one way out."""

import base64
import secrets
from datetime import UTC

import orjson
from django.conf import settings
from standardwebhooks import Webhook

from agency.http import BadUrl, Client, HttpError, Limits, RefusedAddress
from agency.messengers.parcel import Outcome, Parcel

LIMITS = Limits(max_bytes=100_000, total_seconds=15.0, connect_seconds=5.0, redirects=0)
GONE = 410


def new_signing() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def send_webhook(parcel: Parcel) -> Outcome:
    body = orjson.dumps(_body(parcel))
    http = Client(allow_loopback=settings.ALLOW_LOOPBACK, limits=LIMITS, user_agent="Earshot-Webhook")
    try:
        reply = http.post(parcel.address, content=body, headers=_headers(parcel, body))
    except HttpError as error:
        return Outcome(ok=False, error=str(error), final=isinstance(error, RefusedAddress | BadUrl))
    if 200 <= reply.status < 300:
        return Outcome(ok=True, status=reply.status)
    return Outcome(
        ok=False,
        status=reply.status,
        error=_said(reply.status),
        final=reply.status == GONE,
        gone=reply.status == GONE,
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


def _headers(parcel: Parcel, body: bytes) -> dict[str, str]:
    # The id is the notice's, so that a receiver knows what it has got already.
    signed = Webhook(parcel.signing).sign(str(parcel.id), parcel.at.astimezone(UTC), body.decode())
    return {
        "content-type": "application/json",
        "webhook-id": str(parcel.id),
        "webhook-timestamp": str(int(parcel.at.timestamp())),
        "webhook-signature": signed,
    }


def _said(status: int) -> str:
    if status == GONE:
        return "The receiver says that nobody is there any more (410)."
    if 300 <= status < 400:
        return f"The receiver redirects ({status}): enter the address that it leads to."
    return f"The receiver answered {status}."

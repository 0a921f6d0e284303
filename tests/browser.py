"""Chromium for the journeys and the README's pictures: the system's own, so that nothing is downloaded."""

import base64
import hashlib
import hmac
import struct
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

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


def keep_passkeys(page: Page) -> tuple[CDPSession, str]:
    """A device with a fingerprint reader, as Chromium plays it: it makes and keeps real keys. Its session and id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, str(made["authenticatorId"])


def app_code(secret: str, steps: int = 0) -> str:
    """What an authenticator app shows now (RFC 6238), or some steps of half a minute later."""
    step = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"

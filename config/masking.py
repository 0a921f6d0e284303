"""Secrets that some addresses carry don't reach the logs."""

import re
from collections.abc import MutableMapping
from typing import Any

# The token of a contact's link, of a password link, and the secret part of an API key.
_SECRET = re.compile(
    r"(/(?:approve|see|ack|alert)/|%2[Ff](?:approve|see|ack|alert)%2[Ff]|/reset/key/|\besk_[a-z0-9]{4,20}_)[\w-]{6,}"
)
# What an identity provider sends along, and a user name with a password in any address.
_WAY_BACK = re.compile(r"(/accounts/agency/[\w-]{1,40}/back/\?)[^\s'\"]+")
# Whatever is called a secret in an address's query, should anybody ever put one there.
_NAMED = re.compile(r"([?&](?:token|key|secret|password)=)[^&\s'\"]+")
_SIGN_IN = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^/\s@'\"]*:[^/\s@'\"]*(?=@)")


def mask_secrets(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the last before the line is written, so that whatever was added is masked too."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _masked(value)
    return event


def _masked(line: str) -> str:
    for secret in (_SECRET, _WAY_BACK, _NAMED, _SIGN_IN):
        line = secret.sub(r"\1***", line)
    return line

"""Secrets that some addresses carry don't reach the logs."""

import re
from collections.abc import MutableMapping
from typing import Any

# The token of an approval link, of a password link, and the secret part of an API key.
_SECRET = re.compile(r"(/approve/|%2[Ff]approve%2[Ff]|/reset/key/|\besk_[a-z0-9]{4,20}_)[\w-]{6,}")


def mask_secrets(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the last before the line is written, so that whatever was added is masked too."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _SECRET.sub(r"\1***", value)
    return event

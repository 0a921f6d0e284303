"""Links as secrets: the token is in the mail alone, what is stored is its digest."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Whether it is worth looking up."""
    return 20 <= len(text) <= 100


def token_digest(text: str) -> str:
    """SHA-256 in hex: of a token, or of the mail address that a link was made for."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()

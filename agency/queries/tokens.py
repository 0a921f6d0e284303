"""Links as secrets: the token is in the message alone, what is stored is its digest."""

import hashlib


def is_token(text: str) -> bool:
    """Whether it is worth looking up."""
    return 20 <= len(text) <= 100


def digest_of_token(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()

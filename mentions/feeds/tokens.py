"""Secrets inside an address: a token in its query, or a user name and password before its host.

They are taken out before the address is stored or shown, and put back only for the request itself.
"""

import re
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

# Names of query parameters that open what isn't for everybody, as feeds and their readers write them.
_SECRET = re.compile(
    r"(.*[_-])?(token|secret|password|passwd|pass|pwd|pw|passkey|auth|authkey|apikey|key|sig|signature|session|sid|hash)",
    re.IGNORECASE,
)
TOKEN = "_token"  # noqa: S105  (the end of a setting's name: what the address `url` hides is `url_token`)


def split_token(url: str) -> tuple[str, str]:
    """(the address without its secret parameters, those as they were written); the second is "" for most."""
    parts = _split(url)
    if parts is None or not parts.query:
        return url, ""
    pairs = parts.query.split("&")
    hidden = [pair for pair in pairs if "=" in pair and _SECRET.fullmatch(unquote(pair.split("=", 1)[0]))]
    if not hidden:
        return url, ""
    left = "&".join(pair for pair in pairs if pair not in hidden)
    return urlunsplit(parts._replace(query=left)), "&".join(hidden)


def with_token(url: str, token: str) -> str:
    """The address that is asked for."""
    parts = _split(url)
    if not token or parts is None:
        return url
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, token)))))


def split_sign_in(url: str) -> tuple[str, str, str]:
    """(the address without its user name and password, those)."""
    parts = _split(url)
    if parts is None or "@" not in parts.netloc:
        return url, "", ""
    before, _, host = parts.netloc.rpartition("@")
    name, _, password = before.partition(":")
    return urlunsplit(parts._replace(netloc=host)), unquote(name), unquote(password)


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return None

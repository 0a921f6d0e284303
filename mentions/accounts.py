"""Which public account is meant: pure, the same for what a feed names and for what a person types."""

import hashlib
import re

from mentions.feeds.keys import canonical_link

_WEB = re.compile(r"https?://", re.IGNORECASE)
_DOMAIN = re.compile(r"(www\.)?[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}/\S+", re.IGNORECASE)


def is_address(account: str) -> bool:
    """Whether it is an address; "forum.example/users/x" is one that somebody typed without its beginning."""
    return bool(_WEB.match(account) or _DOMAIN.fullmatch(account))


def account_digest(account: str) -> str:
    """One digest for the spellings of one account: of its address where it is one, else of its name.

    Raises:
        ValueError: an address that can't be one.
    """
    account = account.strip()
    if is_address(account):
        link = canonical_link(account if _WEB.match(account) else f"https://{account}")
        name = "url:" + link.removeprefix("https://").removeprefix("www.").rstrip("/").casefold()
    else:
        name = "name:" + " ".join(account.removeprefix("@").split()).casefold()
    return hashlib.sha256(name.encode()).hexdigest()


def digest_of_author(*, name: str, url: str) -> str:
    """Of who posted. The name counts only where their source gives no address: anybody can take a name."""
    if url:
        try:
            return account_digest(url)
        except ValueError:
            return ""
    return account_digest(f"@{name}") if name.strip("@ ") else ""

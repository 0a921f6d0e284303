"""What an entry answers, and the discussion that it is part of: only what the feed itself says, never a guess.

- `thr:in-reply-to` of RFC 4685 names what is answered by its id (`ref`), and often by an address too (`href`).
- An entry whose own id is a place on a page (`…/post/#comment-5`) is part of that page's discussion.
- `<comments>` of RSS names the page on which an item is discussed. A page that several items of one feed name is no
  item's own: nothing is made of it.
"""

import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from mentions.feeds.keys import canonical_link, entry_key, names_fragment

_WEB = re.compile(r"https?://", re.IGNORECASE)


def answered_keys(*, ref: str, href: str, feed_host: str) -> tuple[str, ...]:
    """The keys that what is answered may have: which, depends on how its own entry names it."""
    if not ref and not href:
        return ()
    names = [(href, ref), ("", ref), (href, "")]
    keys = [
        entry_key(link=link, guid=guid, text="", feed_host=feed_host) for link, guid in names if link or guid
    ]
    return tuple(dict.fromkeys(keys))


def page_key(link: str, guid: str) -> str:
    """Of the page that an entry is a place on; "" where it stands for itself."""
    guid = guid.strip()
    for address in (link if names_fragment(guid, link) else "", guid if _WEB.match(guid) else ""):
        page, _, fragment = address.partition("#")
        if fragment and not fragment.startswith(("!", "/")) and (key := _key(page)):
            return key
    return ""


def comments_key(comments: str) -> str:
    """Of the page on which an item is discussed; "" where the feed names none."""
    return _key(comments.partition("#")[0])


def of_one_item(keys: Iterable[str]) -> frozenset[str]:
    """Those that one item alone names."""
    return frozenset(key for key, n in Counter(filter(None, keys)).items() if n == 1)


def _key(page: str) -> str:
    try:
        link = canonical_link(page)
    except ValueError:
        return ""
    parts = urlsplit(link)
    # The front page of a site is no discussion.
    if parts.path in {"", "/"} and not parts.query:
        return ""
    return entry_key(link=link, guid="", text="", feed_host="")

"""The identity of an entry: the same post has one key, twice in a feed, in two feeds, on any day.

The rule looks at one entry alone, never at its neighbours, so that a page read tomorrow gives the
same keys. From the best name to the worst:

1. Behind a Google link (Alerts, News), the address that it wraps: Google's ids name its own items.
2. A guid that is a web address, canonical like a link. But WordPress's `?p=123` on the link's own
   host is a row number, and the link is the address that others know.
3. A `tag:` or `urn:` guid, which is unique in the world by its own rules.
4. The canonical link, with its fragment where the guid names that as well (comment feeds share a
   link and differ by `#comment-5`). A bare home page identifies no entry if there is a guid.
5. Any other guid, with the feed's host: it is only unique within its feed.
6. A hash of what the entry says, with the feed's host.

A canonical link is https, its query sorted, its characters encoded one way, without its fragment
and without tracking parameters.
"""

import re
from hashlib import sha256
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

_LONGEST = 500
_TRACKING = re.compile(
    r"utm_\w+|[gm]clid|gclsrc|dclid|[gw]braid|fbclid|msclkid|twclid|ttclid|yclid|li_fat_id|igshid|igsh"
    r"|mc_[ce]id|mkt_tok|_hsenc|_hsmi|__hs\w+|hsctatracking|_ga|_gl|oly_\w+_id|vero_\w+|wickedid"
    r"|srsltid|ref_src|ref_url|cmpid|ns_\w+|at_(medium|campaign|custom\d|link\w*)|ncid|rss",
    re.IGNORECASE,
)
_RSS_SOURCE = re.compile(r"rss[\w-]*", re.IGNORECASE)  # Medium: ?source=rss-----4
_GOOGLE = re.compile(r"(www|news)\.google\.[a-z.]{2,6}")
_GLOBAL_ID = re.compile(r"(tag:[^,]+,\d{4}|urn:[a-z0-9-]{2,}:).", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)


def unwrap(link: str) -> str:
    """The address behind one of Google's redirecting links; any other link as it is."""
    if "google." not in link:
        return link
    parts = urlsplit(link)
    if not _GOOGLE.fullmatch(parts.hostname or "") or parts.path != "/url":
        return link
    query = parse_qs(parts.query)
    inner = next((query[name][0] for name in ("url", "q") if name in query), "")
    return inner if _WEB.match(inner) else link


def canonical_link(link: str, *, keep_fragment: bool = False) -> str:
    """One spelling for the spellings of one address.

    Raises:
        ValueError: not a web address.
    """
    parts = urlsplit(canonicalize_url(link, keep_fragments=True))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(link)
    port = "" if parts.port in {None, 80, 443} else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    query = parts.query
    if any(_is_tracking(name, value) for name, value in parse_qsl(query, keep_blank_values=True)):
        kept = parse_qsl(query, keep_blank_values=True)
        query = urlencode([pair for pair in kept if not _is_tracking(*pair)])
    # A fragment that begins like this is an address itself, in applications of one page.
    keep_fragment = keep_fragment or parts.fragment.startswith(("!", "/"))
    return urlunsplit(
        ("https", host.removesuffix(".") + port, parts.path, query, parts.fragment * keep_fragment)
    )


def entry_key(*, link: str, guid: str, text: str, feed_host: str, wrapped: bool = False) -> str:
    """The key of an entry.

    Args:
        link: absolute and unwrapped, or "".
        guid: as the feed has it, or "".
        text: what the entry says, for want of anything better.
        wrapped: the link was behind one of Google's.

    Returns:
        `url:…` or `id:…`, at most 600 characters.
    """
    guid = guid.strip()
    address = _canonical_or_none(guid, keep_fragment=True) if _WEB.match(guid) else None
    plain_link = _canonical_or_none(link, keep_fragment=names_fragment(guid, link))
    if plain_link and wrapped:
        return _key("url", plain_link)
    if address and not (plain_link and _is_row_number(address, plain_link)):
        return _key("url", address)
    if _GLOBAL_ID.match(guid):
        return _key("id", guid)
    if plain_link and not (guid and _is_home(plain_link)):
        return _key("url", plain_link)
    if guid:
        return _key("id", f"{feed_host}:{guid}")
    return _key("id", f"{feed_host}:{sha256(text.encode()).hexdigest()}")


def _key(kind: str, name: str) -> str:
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}…{sha256(name.encode()).hexdigest()}"
    return f"{kind}:{name}"


def _canonical_or_none(link: str, *, keep_fragment: bool) -> str | None:
    try:
        return canonical_link(link, keep_fragment=keep_fragment)
    except ValueError:
        return None


def _is_tracking(name: str, value: str) -> bool:
    return bool(_TRACKING.fullmatch(name) or (name == "source" and _RSS_SOURCE.fullmatch(value)))


def names_fragment(guid: str, link: str) -> bool:
    """Whether the guid holds the link's fragment, or the number in it ("comment 5 at …")."""
    fragment = link.partition("#")[2]
    number = re.search(r"\d+", fragment)
    return bool(fragment) and (
        f"#{fragment}" in guid or bool(number and number[0] in re.findall(r"\d+", guid))
    )


def _is_row_number(guid: str, link: str) -> bool:
    guid_parts, link_parts = urlsplit(guid), urlsplit(link)
    query = parse_qs(guid_parts.query)
    numbered = any(value.isdigit() for name in ("p", "page_id") for value in query.get(name, []))
    return numbered and guid_parts.hostname == link_parts.hostname and not guid_parts.fragment


def _is_home(link: str) -> bool:
    parts = urlsplit(link)
    return parts.path in {"", "/"} and not parts.query and not parts.fragment

"""Reading a feed of any format, in the process that asks: `parse.parse_feed` gives it one of its own."""

from mentions.feeds.entries import Feed, Limits
from mentions.feeds.read_json import read_json
from mentions.feeds.read_xml import read_xml
from mentions.feeds.sniff import Kind, decode, find_feed

_READERS = {Kind.XML: read_xml, Kind.JSON: read_json}


def read_feed(body: bytes, *, content_type: str, base_url: str, limits: Limits) -> Feed:
    """Hostile input may make this slow, large, or raise anything; FeedError is for the rest."""
    kind, text = find_feed(decode(body, content_type), base_url=base_url)
    return _READERS[kind](text, base_url=base_url, limits=limits)

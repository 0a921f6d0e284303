"""The demo's forum as a feed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from config.demo.posts import Said


def feed(posts: Sequence[Said], *, base_url: str, began: datetime) -> bytes:
    """RSS 2.0; each post is published its minutes before `began`."""
    items = "".join(
        f"<item><guid>{escape(f'{base_url}/posts/{said.slug}/')}</guid>"
        f"<link>{escape(f'{base_url}/posts/{said.slug}/')}</link>"
        f"<title>{escape(said.title)}</title><description>{escape(said.text)}</description>"
        f"<author>{escape(f'nobody@forum.example ({said.author})')}</author>"
        f"<pubDate>{format_datetime(began - timedelta(minutes=said.minutes))}</pubDate></item>"
        for said in posts
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>The demo forum</title>'
        f"<link>{escape(base_url)}</link><description>Posts about brands that don't exist.</description>"
        f"{items}</channel></rss>"
    ).encode()

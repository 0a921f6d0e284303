"""A post as pages show it."""

from typing import Any

from agency.text import safe_link
from mentions.models import Mention

_COUNTED = {
    "likes": "likes",
    "replies": "replies",
    "reposts": "shares",
    "boosts": "boosts",
    "comments": "comments",
}


def post_shown(mention: Mention, *, earlier: int = 0) -> dict[str, Any]:
    """`earlier`: how many of this author's posts concerned the client before."""
    post = mention.post
    author = post.author
    counts = post.counts if isinstance(post.counts, dict) else {}
    return {
        "author_name": author.name if author else "",
        "author_line": _history(earlier, mention.client.name),
        "platform": post.platform,
        "url": safe_link(post.url) or "",
        # A feed's title is often the first words of its text over again.
        "title": "" if _repeats(post.title, post.text) else post.title,
        "text": post.text or post.title,
        "published_at": post.published_at,
        "detected_at": mention.recorded_at,
        "counts": [
            {"label": label, "value": counts[key]} for key, label in _COUNTED.items() if counts.get(key)
        ],
    }


def _repeats(title: str, text: str) -> bool:
    return text.startswith(title.rstrip("….")) or not text


def _history(earlier: int, client: str) -> str:
    if earlier <= 0:
        return f"First post about {client} that we have seen from this author"
    return f"{earlier} earlier {'post' if earlier == 1 else 'posts'} about {client}"

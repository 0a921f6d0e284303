"""Every platform, one line each."""

from mentions.platforms.base import Platform
from mentions.platforms.feed import FeedPlatform
from mentions.platforms.loopback import LoopbackPlatform

_ALL: tuple[Platform, ...] = (
    FeedPlatform(),
    LoopbackPlatform(),
)
PLATFORMS: dict[str, Platform] = {platform.kind: platform for platform in _ALL}


def get_platform(kind: str) -> Platform:
    """Raises KeyError for a kind that isn't there."""
    return PLATFORMS[kind]

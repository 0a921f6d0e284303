"""Feeds: RSS, Atom and JSON Feed, of blogs, news, YouTube channels, Google Alerts, forums."""

from collections.abc import Mapping
from typing import Any

from agency.http import Client
from mentions.feeds.fetch import check_feed_url, fetch_feed
from mentions.platforms.base import (
    Capabilities,
    Page,
    PlatformError,
    Receipt,
    ReplyRequest,
    SourceConfig,
)


class FeedPlatform:
    """Settings: `url`."""

    kind = "feed"
    capabilities = Capabilities(fetch=True)

    def check_settings(self, settings: Mapping[str, Any]) -> dict[str, str]:
        wrong = check_feed_url(settings.get("url"))
        return {"url": wrong} if wrong else {}

    def fetch(self, source: SourceConfig, *, cursor: Mapping[str, Any], http: Client) -> Page:
        return fetch_feed(source.settings["url"], cursor=cursor, http=http)

    def publish(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt:
        raise _only_read()

    def read_back(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt | None:
        raise _only_read()


def _only_read() -> PlatformError:
    return PlatformError("not_supported", "A feed can only be read; reply by hand.", retryable=False)

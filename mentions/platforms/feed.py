"""Feeds: RSS, Atom and JSON Feed, of blogs, news, YouTube channels, Google Alerts, forums."""

import base64
from collections.abc import Mapping
from typing import Any

from agency.addresses import is_loopback, literal
from agency.http import BadUrl, Client, origin_of
from mentions.feeds.fetch import check_feed_url, fetch_feed
from mentions.feeds.tokens import split_sign_in, split_token
from mentions.platforms.base import (
    Capabilities,
    Page,
    PlatformError,
    Receipt,
    ReplyRequest,
    SourceConfig,
)


class FeedPlatform:
    """Settings: `url`; secret ones: `username` and `password` of a feed behind a password, and `url_token`, the part
    of the address that opens it."""

    kind = "feed"
    capabilities = Capabilities(fetch=True)
    open = frozenset({"url"})
    secrets = frozenset({"username", "password", "url_token"})

    def tidy(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        tidied = dict(settings)
        if isinstance(settings.get("url"), str):
            url, username, password = split_sign_in(settings["url"])
            tidied["url"], token = split_token(url)
            if username or password:
                tidied = {"username": username, "password": password} | tidied
            if token:
                tidied["url_token"] = token
        return tidied

    def goes_to(self, secret: str, settings: Mapping[str, Any]) -> str:
        return str(settings["url"]) if secret == "url_token" else _origin(settings["url"])  # noqa: S105

    def check_settings(self, settings: Mapping[str, Any]) -> dict[str, str]:
        wrong = {"url": check_feed_url(settings.get("url"))}
        username, password = settings.get("username", ""), settings.get("password", "")
        if password and not username:
            wrong["username"] = "Enter the user name that belongs to the password."
        if ":" in username:
            wrong["username"] = "A user name has no colon in it."
        if username and not wrong["url"] and not _keeps_secrets(settings["url"]):
            wrong["url"] = "The address of a feed behind a password must begin with https://."
        return {name: sentence for name, sentence in wrong.items() if sentence}

    def fetch(self, source: SourceConfig, *, cursor: Mapping[str, Any], http: Client) -> Page:
        given = source.settings
        return fetch_feed(
            given["url"],
            cursor=cursor,
            http=http,
            token=given.get("url_token", ""),
            authorization=_basic(given["username"], given.get("password", ""))
            if given.get("username")
            else "",
        )

    def publish(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt:
        raise _only_read()

    def read_back(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt | None:
        raise _only_read()


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _origin(url: str) -> str:
    try:
        scheme, host, port = origin_of(url)
    except BadUrl:
        return ""
    return f"{scheme}://{host}:{port}"


def _keeps_secrets(url: str) -> bool:
    """Nobody on the way reads along: it is encrypted, or never leaves the machine."""
    scheme, host, _ = origin_of(url)
    address = literal(host)
    return scheme == "https" or (address is not None and is_loopback(address))


def _only_read() -> PlatformError:
    return PlatformError("not_supported", "A feed can only be read; reply by hand.", retryable=False)

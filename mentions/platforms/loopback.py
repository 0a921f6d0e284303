"""A platform to try Earshot out on: posts come as a feed, replies go to a small HTTP endpoint.

The endpoint takes `POST reply_url` with `{"in_reply_to", "text", "key"}` and an Idempotency-Key
header, and answers 200 or 201 with `{"id", "url"}`; `GET reply_url?key=…` answers the same, or 404.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from agency.http import Client, HttpError, Reply
from agency.text import one_line, safe_link
from mentions.feeds.fetch import check_feed_url, fetch_feed, retry_after
from mentions.feeds.tokens import TOKEN, split_token, with_token
from mentions.platforms.base import (
    Ambiguous,
    Capabilities,
    Page,
    PlatformError,
    Receipt,
    ReplyRequest,
    SourceConfig,
)

_FINAL = frozenset({"bad_url", "refused_address"})
# The one status above 500 that says that nothing was done.
_UNAVAILABLE = 503


class LoopbackPlatform:
    """Settings: `url` of the feed, `reply_url` of the endpoint; secret ones: the tokens that either has in it."""

    kind = "loopback"
    capabilities = Capabilities(fetch=True, publish=True, read_back=True)
    open = frozenset({"url", "reply_url"})
    secrets = frozenset({"url_token", "reply_url_token"})

    def tidy(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        tidied = dict(settings)
        for name in self.open:
            if isinstance(settings.get(name), str):
                tidied[name], token = split_token(settings[name])
                if token:
                    tidied[name + TOKEN] = token
        return tidied

    def goes_to(self, secret: str, settings: Mapping[str, Any]) -> str:
        return str(settings[secret.removesuffix(TOKEN)])

    def check_settings(self, settings: Mapping[str, Any]) -> dict[str, str]:
        wrong = {name: check_feed_url(settings.get(name)) for name in ("url", "reply_url")}
        return {name: sentence for name, sentence in wrong.items() if sentence}

    def fetch(self, source: SourceConfig, *, cursor: Mapping[str, Any], http: Client) -> Page:
        token = source.settings.get("url_token", "")
        return fetch_feed(source.settings["url"], cursor=cursor, http=http, token=token)

    def publish(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt:
        reply = {"in_reply_to": request.target_url, "text": request.text, "key": key}
        try:
            answer = http.post(_reply_url(request), json=reply, headers={"Idempotency-Key": key})
        except HttpError as error:
            raise _not_posted(error) from error
        if answer.status >= 500 and answer.status != _UNAVAILABLE:
            raise Ambiguous(
                "server_error",
                f"Nobody knows whether the reply went out. The platform broke (HTTP status {answer.status}).",
            )
        if answer.status not in {200, 201}:
            raise _refused(answer)
        receipt = _receipt(answer)
        if receipt is None:
            raise Ambiguous("bad_receipt", "The platform took the reply, but its receipt is unreadable.")
        return receipt

    def read_back(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt | None:
        url = _reply_url(request)
        separator = "&" if "?" in url else "?"
        try:
            answer = http.get(url + separator + urlencode({"key": key}))
        except HttpError as error:
            raise PlatformError(error.code, error.sentence, error.code not in _FINAL) from error
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _refused(answer)
        receipt = _receipt(answer)
        if receipt is None:
            raise PlatformError("bad_receipt", "The platform's receipt is unreadable.", retryable=True)
        return receipt


def _reply_url(request: ReplyRequest) -> str:
    return with_token(request.settings["reply_url"], request.settings.get("reply_url_token", ""))


def _not_posted(error: HttpError) -> PlatformError:
    if error.sent:
        return Ambiguous(error.code, f"Nobody knows whether the reply went out. {error.sentence}")
    return PlatformError(error.code, error.sentence, error.code not in _FINAL)


def _refused(answer: Reply) -> PlatformError:
    """A server's trouble passes, and so does "too many"; any other refusal stays one."""
    passes = answer.status >= 500 or answer.status == 429
    return PlatformError(
        "server_error" if answer.status >= 500 else "rate_limited" if passes else "rejected",
        f"The platform refused (HTTP status {answer.status}).",
        retryable=passes,
        retry_after=retry_after(answer),
    )


def _receipt(answer: Reply) -> Receipt | None:
    try:
        data = orjson.loads(answer.body)
        external_id, url = str(data["id"]), str(data["url"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return Receipt(one_line(external_id, 200), safe_link(url) or "", datetime.now(UTC))

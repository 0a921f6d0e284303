"""What every platform's adapter can be asked, and the words that are exchanged with it.

An adapter has no state and writes nothing: the HTTP client, the settings and the cursor come in,
what was found goes out. Whoever calls it holds no transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from agency.http import Client
from mentions.feeds.entries import Entry


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform lets us do, each a method of its adapter."""

    fetch: bool = True
    publish: bool = False
    read_back: bool = False


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """A source as its platform sees it: `settings`, the secret ones among them, have passed `check_settings`."""

    kind: str
    settings: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """What reading a source once brought.

    Attributes:
        entries: those that the cursor had not seen, in the source's order.
        cursor: JSON, to be kept in the same transaction as the entries and given back next time.
        not_modified: the source said so without sending anything.
        title: the source's own name, "" if it said none.
        status: HTTP.
    """

    entries: tuple[Entry, ...]
    cursor: dict[str, Any]
    not_modified: bool = False
    title: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """A reply to publish.

    Attributes:
        target_url, target_key: of the post that is answered.
        settings: the source's, the secret ones among them.
    """

    text: str
    target_url: str
    target_key: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform has the reply. `at` is aware, UTC."""

    external_id: str
    url: str
    at: datetime


class PlatformError(Exception):
    """The platform did not do what it was asked, or says so.

    Attributes:
        code: stable.
        sentence: for the people who look after the source.
        retryable: the same request may work later.
        retry_after: seconds that the platform asks us to wait, where it does.
    """

    def __init__(self, code: str, sentence: str, retryable: bool, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.retryable = retryable
        self.retry_after = retry_after


class Ambiguous(PlatformError):
    """The request went out and no readable answer came: nobody knows whether it was done.

    Never to be sent again before the platform was asked, or a person looked.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, retryable=False)


class Platform(Protocol):
    """One kind of source. What its capabilities don't name raises PlatformError `not_supported`.

    Attributes:
        open: the settings that everybody in the agency may read.
        secrets: those that are stored sealed and shown to nobody. A name in neither is no setting.
    """

    kind: str
    capabilities: Capabilities
    open: frozenset[str]
    secrets: frozenset[str]

    def tidy(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings with every secret in a setting of its own, such as one that was part of an address."""

    def goes_to(self, secret: str, settings: Mapping[str, Any]) -> str:
        """Where a secret is sent; one that is stored stays only as long as this does."""

    def check_settings(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """Field to sentence, for each field at fault."""

    def fetch(self, source: SourceConfig, *, cursor: Mapping[str, Any], http: Client) -> Page:
        """Read what is new. An empty cursor has seen nothing. Raises PlatformError."""

    def publish(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt:
        """Put the reply up; `key` names the attempt. Raises Ambiguous, PlatformError."""

    def read_back(self, request: ReplyRequest, *, key: str, http: Client) -> Receipt | None:
        """Find what an earlier `publish` with this key put up, if it did. Raises PlatformError."""

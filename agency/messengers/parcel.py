"""What is handed to a messenger, and what it brings back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way, with the secrets that it needs: held in memory alone.

    Attributes:
        via: mail, apprise or webhook.
        address, signing: of a channel, opened.
        broken: why it can't even be tried.
        about: ids for programs.
    """

    id: UUID
    kind: str
    via: str
    subject: str
    text: str
    at: datetime
    html: str = ""
    short: str = ""
    urgent: bool = False
    to: str = ""
    address: str = field(default="", repr=False)
    signing: str = field(default="", repr=False)
    broken: str = ""
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back.

    Attributes:
        error: a sentence without secrets; "" where it went well.
        final: it makes no sense to try again.
        gone: there is nobody at that address any more.
    """

    ok: bool
    status: int | None = None
    error: str = ""
    final: bool = False
    gone: bool = False

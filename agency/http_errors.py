"""What can go wrong on the way out: one family, stable codes, sentences for people."""

from typing import ClassVar

from agency.errors import DomainError


class HttpError(DomainError):
    """The exchange failed.

    Attributes:
        sent: part of the request left this machine, so the other side may have acted on it.
    """

    code: ClassVar[str] = "http_error"
    status: ClassVar[int] = 502
    title: ClassVar[str] = "The address could not be read."

    def __init__(self, sentence: str = "", *, sent: bool = False) -> None:
        super().__init__(sentence)
        self.sent = sent

    @property
    def sentence(self) -> str:
        return self.message


class BadUrl(HttpError):
    code, status = "bad_url", 400


class RefusedAddress(HttpError):
    code, status = "refused_address", 400


class Unresolvable(HttpError):
    code = "unresolvable"


class Unreachable(HttpError):
    code = "unreachable"


class TlsFailed(HttpError):
    code = "tls"


class TimedOut(HttpError):
    code, status = "timeout", 504


class TooLarge(HttpError):
    code = "reply_too_large"


class TooManyRedirects(HttpError):
    code = "too_many_redirects"


class BadReply(HttpError):
    code = "bad_reply"

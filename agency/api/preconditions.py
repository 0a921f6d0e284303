"""ETag and If-Match: who changes something names the version that they saw, and changes no other.

An ETag here is the number of a thing's version, `"3"`; `"0"` stands for what nobody has set yet. It is what If-Match takes,
and says nothing about caching.
"""

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agency.errors import DomainError

# Proxies that compress an answer make its tag weak on the way (W/"3"). The version is the same, and nothing else is compared.
_TAG = r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_TAGS = re.compile(rf"[ \t]*{_TAG}(?:[ \t]*,[ \t]*{_TAG})*[ \t]*")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")

Seen = frozenset[int]


class BadHeader(DomainError):
    """A header that can't be read."""

    code, status, title = "invalid_header", 400, "A header can't be read"


class NameWhatYouSaw(DomainError):
    """The call changes something that others change too, and doesn't say which version it means."""

    code, status, title = "precondition_required", 428, "Say which version you saw"


class Stale(DomainError):
    """It isn't the version any more that If-Match names: what would be a conflict is a failed precondition, told the same."""

    code, status, title = "precondition_failed", 412, "It has changed since you saw it"

    def __init__(self, error: DomainError) -> None:
        super().__init__(error.message)
        vars(self).update(code=error.code, title=error.title)


def if_match(request: Request) -> Seen | None:
    """The versions that the header names; those that can't be ours are left out. None: there is no such header.

    Raises:
        NameWhatYouSaw: `*`, which names none; BadHeader: it holds no tags.
    """
    given = request.META.get("HTTP_IF_MATCH")
    if given is None:
        return None
    if given.strip() == "*":
        raise NameWhatYouSaw(
            "If-Match: * only says that there is something. Name the version that you saw, by the ETag of the answer"
            " that you read it in."
        )
    if len(given) > 1000 or not _TAGS.fullmatch(given):
        raise BadHeader('If-Match takes the ETag of what you saw, in its quotes, such as "3".')
    return frozenset(int(tag) for tag in re.findall(_TAG, given) if _NUMBER.fullmatch(tag))


def must_match(request: Request) -> Seen:
    """As `if_match`, for what is only changed by who says what they saw.

    Raises:
        NameWhatYouSaw: the header is absent too.
    """
    seen = if_match(request)
    if seen is None:
        raise NameWhatYouSaw(
            "Send If-Match with the ETag that you got when you read it, so that nobody's work is lost."
        )
    return seen


def tagged(
    data: Any, version: int, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with the ETag of what it shows."""
    return Response(data, status=status, headers={**(headers or {}), "ETag": f'"{version}"'})

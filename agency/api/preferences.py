"""The header Prefer (RFC 7240): how a caller would rather be answered.

It is a hint: what isn't understood is ignored, and the same call with another preference is the same call.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.preconditions import tagged

HEADER, APPLIED, MINIMAL = "Prefer", "Preference-Applied", "return=minimal"
# Of every answer that could have been another one.
VARIES: Mapping[str, str] = MappingProxyType({"Vary": HEADER})

_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_VALUE = rf"[ \t]*+=[ \t]*+(?:{_WORD}|{_QUOTED})"
_PARAMETER = rf"[ \t]*+;[ \t]*+(?:{_WORD}(?:{_VALUE})?)?"
_PREFERENCE = re.compile(rf"[ \t]*+({_WORD})({_VALUE})?(?:{_PARAMETER})*+[ \t]*+")
# Whatever stands between two commas; a quote that is never closed holds all that follows it.
_PIECES = re.compile(rf'(?:[^",]|{_QUOTED}|".*)++')


def preferences(request: Request) -> Mapping[str, str]:
    """What the caller prefers, in lower case; of one that is named twice the first. What can't be read is left out."""
    found: dict[str, str] = {}
    for piece in _PIECES.findall(request.META.get("HTTP_PREFER", "")):
        if preference := _PREFERENCE.fullmatch(piece):
            name, value = preference.groups("")
            found.setdefault(name.lower(), _plain(value).lower())
    return found


def wants_minimal(request: Request) -> bool:
    """Whether the caller doesn't need to be told how things are after what it did."""
    return preferences(request).get("return") == "minimal"


def minimal(version: int) -> Response:
    """It was done: an answer that says nothing but the new version."""
    return tagged(None, version, status=204, headers={**VARIES, APPLIED: MINIMAL})


def _plain(value: str) -> str:
    """Of `= "minimal"`: minimal."""
    word = value.strip(" \t=")
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word

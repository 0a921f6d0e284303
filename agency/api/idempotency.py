"""The header Idempotency-Key: a call that may be sent again, and is carried out once.

Calls that were refused (4xx, 5xx) are rolled back and kept nowhere: they did nothing, and the same call runs anew.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from agency.actions.idempotency import MOST, Answer, Call, answer_again, keep_answer, reserve, settle
from agency.actor import Actor
from agency.api.preconditions import BadHeader
from agency.api.renderers import Orjson

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
LONGEST = 255
_VISIBLE = re.compile(rf"[\x21-\x7e]{{1,{LONGEST}}}")


class Once:
    """One call with a key, inside its agency's transaction."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.reserved: UUID | None = None

    def again(self) -> HttpResponse | None:
        """The stored answer, if this was answered before. Raises as `answer_again`."""
        answer = answer_again(self.call)
        if answer is None:
            return None
        response = _response(answer)
        response[REPLAYED] = "true"
        return response

    def reserve(self) -> None:
        """Before an effect outside the database."""
        self.reserved = reserve(self.call)

    def keep(self, response: HttpResponseBase) -> HttpResponseBase:
        """Store the answer, and give it as it will be given again."""
        if response.status_code >= 400:
            return response
        answer, rest = _taken(response)
        if self.reserved is None:
            keep_answer(self.call, answer)
        else:
            settle(self.call, self.reserved, answer)
        return rest or _response(answer)


def once(request: Request, by: Actor) -> Once | None:
    """None: the caller sent no key.

    Raises:
        BadHeader: a key that is none.
        RequestDataTooBig: the body is too large.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not _VISIBLE.fullmatch(key):
        raise BadHeader(f"{HEADER} takes 1 to {LONGEST} visible ASCII characters, without spaces.")
    # The version that is named belongs to what is asked, whether the body names it or If-Match.
    asked = (
        request.method or "",
        request.path,
        request.META.get("QUERY_STRING", ""),
        request.META.get("HTTP_IF_MATCH", ""),
    )
    whole = hashlib.sha256("\n".join(asked).encode("utf-8", "surrogatepass") + b"\n")
    whole.update(request._request.body)
    return Once(Call(by, hashlib.sha256(key.encode()).hexdigest(), whole.hexdigest()))


def _taken(response: Any) -> tuple[Answer, HttpResponseBase | None]:
    """A response as it is kept; with the response itself where it is too large for that."""
    rest = None
    if isinstance(response, Response):
        body = Orjson().render(response.data)
        kind = (response.content_type or Orjson.media_type) if body else ""
    elif response.streaming:
        body, rest = _begun(response)
        kind = response.headers.get("Content-Type", "")
    else:
        body, kind = response.content, response.headers.get("Content-Type", "")
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    if kind:
        headers["Content-Type"] = kind
    return Answer(response.status_code, headers, body), rest


def _begun(response: Any) -> tuple[bytes, HttpResponseBase | None]:
    """What a file begins with, a little more than is kept at the most."""
    pieces: Iterator[bytes] = iter(response.streaming_content)
    taken: list[bytes] = []
    for piece in pieces:
        taken.append(piece)
        if sum(map(len, taken)) > MOST:
            response.streaming_content = chain(taken, pieces)
            return b"".join(taken), response
    # The file that it was read from: nobody sends this response, so nobody else would close it.
    for close in response._resource_closers:  # noqa: SLF001
        close()
    return b"".join(taken), None


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    del response["Content-Type"]
    for name, value in answer.headers.items():
        response[name] = value
    return response

"""JSON bodies, strictly."""

import json
from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The body is larger than 1 MB."


class StrictJson(BaseParser):
    """RFC 8259 only: no NaN, no lone surrogates, no bytes that aren't UTF-8, no field twice; at most 1 MB."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 1_000_000)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body isn't JSON: {error}") from None
        _refuse_twins(body)
        return parsed


def _refuse_twins(body: bytes) -> None:
    """A field that is given twice: every reader takes another one of them, so nobody knows which was meant.

    Raises:
        ParseError: also of what is nested too deeply to look.
    """
    try:
        # Numbers stay as they are written: one of 5,000 digits isn't reckoned for nothing.
        json.loads(body, object_pairs_hook=_once, parse_int=str, parse_float=str)
    except RecursionError:
        raise ParseError("The body is nested too deeply.") from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise ParseError(f"The field “{name[:60]}” is given twice.")
        names.add(name)

"""The limit of the list page: a WSGI application that does one prepared query, and writes its rows by orjson.

It signs nobody in, checks nothing and is bound by no policy; which agency is asked for stands in the address. The
statement is the one that the application's own list runs (`BENCH_STATEMENT`), as the tables' owner.
"""

import json
import os
from collections.abc import Callable, Iterable
from threading import local
from typing import Any
from uuid import UUID

import orjson
import psycopg

_asked = json.loads(os.environ["BENCH_STATEMENT"])
STATEMENT: str = _asked["statement"]
PARAMETERS: list[Any] = _asked["parameters"]
# Where in the parameters the agency stands.
PLACES: list[int] = _asked["places"]
NAMES: list[str] = _asked["names"]
_here = local()


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_here, "connection"):
        _here.connection = psycopg.connect(
            os.environ["BENCH_OWNER_URL"], autocommit=True, cursor_factory=psycopg.RawCursor
        )
    return _here.connection


def parameters(agency_id: UUID) -> list[Any]:
    given = list(PARAMETERS)
    for place in PLACES:
        given[place] = agency_id
    return given


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    asked = parameters(UUID(environ["QUERY_STRING"]))
    rows = _connection().execute(STATEMENT, asked, prepare=True, binary=True).fetchall()
    body = orjson.dumps({"results": [dict(zip(NAMES, row, strict=False)) for row in rows]})
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]

"""Arrays as PostgreSQL itself sends them: for statements that carry thousands of ids and times.

A list of them costs a Python call for each element to write down, and the server another to read; here it is one `join`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from struct import pack
from typing import Any

from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.string import ByteaBinaryLoader

_UUID, _UUIDS, _TIME, _TIMES = 2950, 2951, 1184, 1185
# From here PostgreSQL counts microseconds.
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Ids(bytes):
    """uuid[]"""

    __slots__ = ()

    @classmethod
    def of(cls, ids: Sequence[bytes]) -> "Ids":
        """Of ids of 16 bytes."""
        return cls(_head(_UUID, len(ids)) + b"\0\0\0\x10".join((b"", *ids)))


class Times(bytes):
    """timestamptz[]"""

    __slots__ = ()

    @classmethod
    def of(cls, times: Sequence[datetime | None]) -> "Times":
        """Of moments with a zone, to the microsecond."""
        micros = [(time - _BEGIN) // _MICROSECOND if time else None for time in times]
        if None not in micros:
            body = pack(">" + "iq" * len(micros), *chain.from_iterable((8, number) for number in micros))
        else:
            body = b"".join([pack(">i", -1) if n is None else pack(">iq", 8, n) for n in micros])
        return cls(_head(_TIME, len(micros)) + body)


def words(values: Iterable[object]) -> str:
    """An array of numbers, or of words that need no quoting, as text."""
    return "{" + ",".join(map(str, values)) + "}"


def adapt(cursor: Any) -> None:
    """This cursor takes such arrays, and answers in binary, with ids as their 16 bytes."""
    own = cursor.cursor
    own.format = Format.BINARY
    own.adapters.register_loader("uuid", ByteaBinaryLoader)
    own.adapters.register_dumper(Ids, _IdsDumper)
    own.adapters.register_dumper(Times, _TimesDumper)


def _head(oid: int, count: int) -> bytes:
    return pack(">iiIii", 1, 0, oid, count, 1) if count else pack(">iiI", 0, 0, oid)


class _Packed(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


class _IdsDumper(_Packed):
    oid = _UUIDS


class _TimesDumper(_Packed):
    oid = _TIMES

"""Ids: UUID version 7 (RFC 9562), so that rows made later sort later."""

from uuid import UUID

from uuid_utils import uuid7 as quick
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    return uuid7()


def new_ids(count: int) -> list[bytes]:
    """Many at once, each as its 16 bytes."""
    return [quick().bytes for _ in range(count)]

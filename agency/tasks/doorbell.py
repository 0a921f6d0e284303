"""Ringing for a task once its row is committed. The ring may be lost: the alarm that rang rings again."""

import time
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

# A broker that is away isn't asked again for so long: each question takes a while, and others wait behind it.
PATIENCE = 15.0


class Task(Protocol):
    """A Celery task that takes ids as text."""

    def delay(self, *args: Any) -> Any: ...


class _Broker:
    away_until = 0.0


def ring_after_commit(task: Task, *ids: UUID) -> None:
    """A broker that is gone is logged, and stops nothing: neither the other rings nor the sweep itself."""

    # A function of its own: Django asks for its name when it logs that it failed, and a partial has none.
    def ring() -> None:
        if time.monotonic() < _Broker.away_until:
            return
        try:
            task.delay(*map(str, ids))
        except (OperationalError, RedisError):
            _Broker.away_until = time.monotonic() + PATIENCE
            raise

    transaction.on_commit(ring, robust=True)

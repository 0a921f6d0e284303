"""Ringing for a task once its row is committed. The ring may be lost: the alarm that rang rings again."""

from typing import Any, Protocol
from uuid import UUID

from django.db import transaction


class Task(Protocol):
    """A Celery task that takes ids as text."""

    def delay(self, *args: Any) -> Any: ...


def ring_after_commit(task: Task, *ids: UUID) -> None:
    """A broker that is gone is logged, and stops nothing: neither the other rings nor the sweep itself."""

    # A function of its own: Django asks for its name when it logs that it failed, and a partial has none.
    def ring() -> None:
        task.delay(*map(str, ids))

    transaction.on_commit(ring, robust=True)

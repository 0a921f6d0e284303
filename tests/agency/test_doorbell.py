"""The doorbell may break: nothing else may."""

import time
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from agency.ids import new_id
from agency.tasks import doorbell
from agency.tasks.doorbell import ring_after_commit


class Task:
    def __init__(self, *, broken: bool = False) -> None:
        self.broken, self.heard = broken, list[tuple[str, ...]]()

    def delay(self, *args: str) -> None:
        if self.broken:
            raise ConnectionError("There is no broker.")
        self.heard.append(args)


def test_a_broker_that_is_gone_stops_neither_the_commit_nor_the_other_rings(committed: None) -> None:
    gone, well = Task(broken=True), Task()
    ids: list[UUID] = [new_id(), new_id()]
    with transaction.atomic():
        ring_after_commit(gone, *ids)
        ring_after_commit(well, *ids)
        assert well.heard == []
    assert well.heard == [(str(ids[0]), str(ids[1]))]


def test_nothing_rings_for_what_was_rolled_back(committed: None) -> None:
    well: Any = Task()
    with pytest.raises(RuntimeError), transaction.atomic():
        ring_after_commit(well, new_id())
        raise RuntimeError
    assert well.heard == []


def test_a_broker_that_is_away_is_not_asked_again_for_a_while(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question takes a while: five hundred mails would hold up the sweep for minutes."""
    monkeypatch.setattr(doorbell._Broker, "away_until", 0.0)
    asked = 0

    class Away:
        def delay(self, *args: str) -> None:
            nonlocal asked
            asked += 1
            raise OperationalError("There is no broker.")

    for _ in range(3):
        with transaction.atomic():
            ring_after_commit(Away(), new_id())
    assert asked == 1
    monkeypatch.setattr(doorbell._Broker, "away_until", time.monotonic())
    well = Task()
    with transaction.atomic():
        ring_after_commit(well, new_id())
    assert len(well.heard) == 1

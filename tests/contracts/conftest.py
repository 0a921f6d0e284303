"""Two agencies' worlds, made once for all tests of a module."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections, transaction

from agency import clock as the_clock
from tests.contracts.world import World, make_world
from tests.fixtures import FRIDAY_EVENING, empty_all_tables


@pytest.fixture(scope="module")
def worlds(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[World, World]]:
    """Ours and a rival's, in a transaction that is undone at the end. The clock stands still, for `agency.clock.now`."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), transaction.atomic():
        patch.setattr(the_clock, "now", lambda: FRIDAY_EVENING)
        yield make_world("arcadia", now=FRIDAY_EVENING), make_world("xanadu", now=FRIDAY_EVENING)
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def committed_worlds(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[World, World]]:
    """The same, really committed, as other connections see them; all tables are emptied at the end."""
    with django_db_blocker.unblock():
        yield make_world("arcadia", now=FRIDAY_EVENING), make_world("xanadu", now=FRIDAY_EVENING)
        connections.close_all()
    empty_all_tables()

"""What tests of this folder share."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.config.transactions import database


@pytest.fixture(params=["prepared", "behind a pooler"])
def either(request: pytest.FixtureRequest, committed: None) -> Iterator[None]:
    """With prepared statements and pipelines, and where a pooler is between, without."""
    connection.ensure_connection()
    if request.param == "behind a pooler":
        database.connection.prepare_threshold = None
    yield
    connection.close()

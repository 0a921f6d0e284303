"""What schemathesis makes of the API's document is sent to the API by three callers, and nothing fails or surprises.

A few cases of every call, the same at each run; `python -m tests.fuzz` sends as many as one likes over HTTP.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.db import transaction

from agency import clock as the_clock
from tests.fixtures import FRIDAY_EVENING
from tests.fuzz import cases
from tests.fuzz.callers import NAMES, Caller, settle
from tests.fuzz.inside import application, undone
from tests.fuzz.run import Shares, Way

SHARES = {
    "owner": Shares(coverage=2, raw=1, fuzz=1),
    "limited": Shares(coverage=1, raw=0, fuzz=1, examples=False),
    "stranger": Shares(coverage=1, raw=0, fuzz=1, examples=False),
}
SEED = 20260306


@pytest.fixture(scope="module")
def callers(django_db_setup: None, django_db_blocker: Any) -> Iterator[Mapping[str, Caller]]:
    """Of two agencies in a transaction that is undone at the end. The clock stands still."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), transaction.atomic():
        patch.setattr(the_clock, "now", lambda: FRIDAY_EVENING)
        yield settle("arcadia", now=FRIDAY_EVENING)
        transaction.set_rollback(True)


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_no_case_fails_or_gets_an_answer_that_the_document_does_not_know(
    callers: Mapping[str, Caller], name: str, half: int, record_property: Callable[[str, object], None]
) -> None:
    with application() as app:
        way = Way(caller=lambda: callers[name], around=undone, sent={"app": app}, seed=SEED)
        told = way.go(cases.operations()[half::2], SHARES[name])
    assert not told.findings, "\n\n".join(map(str, told.findings.values()))
    record_property("fuzz", {"cases": told.cases, "calls": len(told.calls), "name": name})

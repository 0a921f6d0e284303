"""Failed sign-ins by key, counted by the network that they come from: who guesses doesn't get at the database.

Nobody guesses 256 random bits; this is about the load. A key that just worked here goes on whatever else comes from its
address: a program with an ended key must not stop its neighbours.
"""

import hashlib
import threading
import time
from collections import OrderedDict

from django.conf import settings

from agency.actions.guesses import network
from agency.api.rates import SIGN_INS, WINDOW, Budget, RateLimited
from agency.counters import counters

REMEMBERED = 600.0
MOST = 10_000


class _Memory:
    """What this process knows: networks that wait, and tokens (their digests) that just worked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, tuple[float, Budget]] = OrderedDict()
        self._worked: OrderedDict[bytes, float] = OrderedDict()

    def wait(self, where: str, budget: Budget) -> None:
        with self._lock:
            self._waiting[where] = (time.monotonic() + budget.seconds, budget)
            while len(self._waiting) > MOST:
                self._waiting.popitem(last=False)

    def waits(self, where: str) -> Budget | None:
        held = self._waiting.get(where)
        if held is None:
            return None
        left = held[0] - time.monotonic()
        if left <= 0:
            self._waiting.pop(where, None)
            return None
        return Budget(SIGN_INS, held[1].quota, held[1].used, left)

    def worked(self, token: str) -> None:
        with self._lock:
            digest = _digest(token)
            self._worked[digest] = time.monotonic()
            self._worked.move_to_end(digest)
            while len(self._worked) > MOST:
                self._worked.popitem(last=False)

    def failed(self, token: str) -> None:
        self._worked.pop(_digest(token), None)

    def just_worked(self, token: str) -> bool:
        at = self._worked.get(_digest(token))
        return at is not None and time.monotonic() - at < REMEMBERED

    def clear(self) -> None:
        self._waiting.clear()
        self._worked.clear()


memory = _Memory()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def refuse_guessing(token: str, address: str) -> None:
    """Before anything is looked up.

    Raises:
        RateLimited: too many failed from there within the last minute.
    """
    budget = memory.waits(network(address))
    if budget is not None and not memory.just_worked(token):
        raise _too_many(budget)


def note_success(token: str) -> None:
    memory.worked(token)


def note_failure(token: str, address: str) -> Budget:
    """Count it.

    Raises:
        RateLimited: they were too many.
    """
    where = network(address)
    memory.failed(token)
    counted = counters().count(f"failed:{where}", WINDOW)
    budget = Budget(SIGN_INS, settings.API_FAILED_SIGN_INS, counted.n, counted.seconds)
    if budget.used >= budget.quota:
        memory.wait(where, budget)
    if budget.is_over:
        raise _too_many(budget)
    return budget


def _too_many(budget: Budget) -> RateLimited:
    return RateLimited(
        f"More than {budget.quota} sign-ins with a wrong key came from your address within a minute."
        f" Try again in {budget.wait} s.",
        budget,
    )

"""One caller's way through all calls: examples first, then what covers the schemas, what isn't JSON, and chance."""

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from schemathesis import Case
from schemathesis.core.transport import Response

from tests.fuzz import cases
from tests.fuzz.aim import Aim
from tests.fuzz.callers import Caller
from tests.fuzz.judge import Finding, judge


@dataclass(frozen=True)
class Shares:
    """How many cases of each kind every call gets, and whether the document's examples are sent."""

    coverage: int
    raw: int
    fuzz: int
    examples: bool = True


@dataclass
class Told:
    """What came of it. `statuses`: how often each was answered."""

    cases: int = 0
    seconds: float = 0.0
    calls: set[str] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)
    findings: dict[tuple[str, str, int], Finding] = field(default_factory=dict)
    failures: int = 0
    undocumented: int = 0

    def note(self, call: str, status: int, found: Iterable[Finding]) -> None:
        self.cases += 1
        self.calls.add(call)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        worst = list(found)
        self.failures += any(finding.is_failure for finding in worst)
        self.undocumented += any(not finding.is_failure for finding in worst)
        for finding in worst:
            self.findings.setdefault((finding.kind, finding.call, finding.status), finding)

    def add(self, other: "Told") -> None:
        self.cases += other.cases
        self.seconds = max(self.seconds, other.seconds)
        self.calls |= other.calls
        self.failures += other.failures
        self.undocumented += other.undocumented
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        self.findings = {**other.findings, **self.findings}


@dataclass
class Way:
    """Where and as whom it goes.

    Attributes:
        caller: gives who calls, asked before each case: a new one where the old one's agency is worn out.
        around: what each case happens inside, such as a transaction that is undone.
        sent: what reaches the application, for `Case.call`.
        limit: of cases; what is more isn't sent.
    """

    caller: Callable[[], Caller]
    around: Callable[[], AbstractContextManager[Any]]
    sent: dict[str, Any]
    seed: int
    limit: int = sys.maxsize
    told: Told = field(default_factory=Told)
    answered: Callable[[int], None] = lambda _: None

    @property
    def left(self) -> int:
        return max(0, self.limit - self.told.cases)

    def go(self, operations: Iterable[Any], shares: Shares) -> Told:
        begun = time.perf_counter()
        for operation in operations:
            if self.left:
                self.call(operation, shares)
        self.told.seconds += time.perf_counter() - begun
        return self.told

    def call(self, operation: Any, shares: Shares) -> None:
        chance = Random(f"{self.seed} {operation.label}")  # noqa: S311  (the same at each run)
        covering = (
            cases.some(list(cases.coverage(operation)), shares.coverage, chance) if shares.coverage else []
        )
        shown = cases.examples(operation) if shares.examples else ()
        for case in (*shown, *covering):
            self.send(case, chance)
        for case, body, kind in cases.some(list(cases.raw(operation)), shares.raw, chance):
            self.send(case, chance, data=body, kind=kind)
        cases.fuzz(operation, lambda case: self.send(case, chance), count=shares.fuzz, seed=self.seed)

    def send(self, case: Case, chance: Random, *, data: bytes | None = None, kind: str = "") -> None:
        if not self.left:
            return
        caller = self.caller()
        aimed = Aim(caller, chance).at(case)
        token = chance.choice(caller.tokens)
        if token:
            # Part of the case: what schemathesis takes for a missing key is none any more.
            aimed.headers["Authorization"] = f"Bearer {token}"
        more: dict[str, Any] = {}
        headers: dict[str, str] = {}
        if data is not None:
            headers["Content-Type"], more["data"] = kind, data
        with self.around():
            response: Response = aimed.call(headers=headers, **self.sent, **more)
            found = judge(aimed, response, **self.sent)
        self.told.note(case.operation.label, response.status_code, found)
        self.answered(response.status_code)

"""Ladders: what follows when a clock runs out of time, and who is told of something urgent, rung by rung.

Pure: no Django. A plan is written to JSON and back by `as_json` and `of_json`; `problems` says what is wrong with one.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

STEP = re.compile(r"warn_[1-9][0-9]?|breach")
MOST_STEPS, MOST_RUNGS = 60, 8
LONGEST_WAIT = 24 * 60  # minutes
MOST_AGAIN = 20


class Whom(StrEnum):
    ASSIGNEE = "assignee"
    ON_CALL = "on_call"
    MANAGERS = "managers"
    OWNERS = "owners"
    MEMBER = "member"


class Do(StrEnum):
    NOTIFY = "notify"
    REASSIGN = "reassign"
    RAISE = "raise"


WHOM = {
    Whom.ASSIGNEE: "the assignee",
    Whom.ON_CALL: "who is on call",
    Whom.MANAGERS: "the managers",
    Whom.OWNERS: "the owners",
    Whom.MEMBER: "a named member",
}
# A mention is handed on to one person: who is on call, a manager (the one with the least to do), or a named member.
TAKERS = (Whom.ON_CALL, Whom.MANAGERS, Whom.MEMBER)
PRIORITIES = ("urgent", "high", "normal", "low")
CLOCKS = ("claim", "respond", "decide", "publish", "next_response")
AGENCYS = ("claim", "respond", "next_response")


@dataclass(frozen=True, slots=True)
class Step:
    """What follows when a clock of one of these kinds, on a mention of one of these priorities, reaches `step`."""

    step: str  # warn_75, breach
    do: Do
    whom: Whom | None = None
    member: UUID | None = None
    clocks: tuple[str, ...] = CLOCKS
    priorities: tuple[str, ...] = PRIORITIES

    def answers(self, clock: str, priority: str, step: str) -> bool:
        return step == self.step and clock in self.clocks and priority in self.priorities


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is told, and how many minutes they have to acknowledge it before the next rung."""

    whom: tuple[Whom, ...]
    wait: int
    member: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`again`: how often the last rung is climbed again while nobody acknowledges."""

    steps: tuple[Step, ...]
    rungs: tuple[Rung, ...]
    again: int = 0
    tells_contacts: bool = True

    def answer(self, clock: str, priority: str, step: str) -> list[Step]:
        return [answer for answer in self.steps if answer.answers(clock, priority, step)]

    def rung(self, number: int) -> Rung | None:
        """The rung that is climbed as the `number`th (from 0), the last one again where it is to be repeated."""
        if not self.rungs or number >= len(self.rungs) + self.again:
            return None
        return self.rungs[min(number, len(self.rungs) - 1)]

    def members(self) -> set[UUID]:
        """Everybody whom it names."""
        named = [*(step.member for step in self.steps), *(rung.member for rung in self.rungs)]
        return {member for member in named if member is not None}


_PRESSING, _CALM = ("urgent", "high"), ("normal", "low")
# What holds for an agency that has set no ladder of its own.
USUAL = Plan(
    steps=(
        Step("warn_75", Do.NOTIFY, Whom.ASSIGNEE, clocks=AGENCYS, priorities=_PRESSING),
        Step("warn_90", Do.NOTIFY, Whom.ASSIGNEE, clocks=AGENCYS),
        Step("warn_90", Do.NOTIFY, Whom.ON_CALL, clocks=AGENCYS, priorities=_PRESSING),
        Step("breach", Do.NOTIFY, Whom.ASSIGNEE),
        Step("breach", Do.NOTIFY, Whom.MANAGERS, clocks=AGENCYS, priorities=_PRESSING),
        Step("breach", Do.NOTIFY, Whom.OWNERS, clocks=AGENCYS, priorities=("urgent",)),
    ),
    rungs=(
        Rung((Whom.ON_CALL, Whom.ASSIGNEE), 10),
        Rung((Whom.MANAGERS,), 10),
        Rung((Whom.OWNERS,), 15),
    ),
)


def as_json(plan: Plan) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(steps, rungs) as rows keep them."""
    steps = [
        {
            "step": step.step,
            "do": step.do.value,
            "whom": step.whom.value if step.whom else None,
            "member": str(step.member) if step.member else None,
            "clocks": list(step.clocks),
            "priorities": list(step.priorities),
        }
        for step in plan.steps
    ]
    rungs = [
        {
            "whom": [whom.value for whom in rung.whom],
            "wait": rung.wait,
            "member": str(rung.member) if rung.member else None,
        }
        for rung in plan.rungs
    ]
    return steps, rungs


def of_json(
    steps: Iterable[Mapping[str, Any]],
    rungs: Iterable[Mapping[str, Any]],
    *,
    again: int = 0,
    tells_contacts: bool = True,
) -> Plan:
    """From what rows keep, or what a checked body holds."""
    return Plan(
        steps=tuple(
            Step(
                step=str(step["step"]),
                do=Do(step["do"]),
                whom=Whom(step["whom"]) if step.get("whom") else None,
                member=_id(step.get("member")),
                clocks=tuple(step["clocks"]),
                priorities=tuple(step["priorities"]),
            )
            for step in steps
        ),
        rungs=tuple(
            Rung(tuple(Whom(whom) for whom in rung["whom"]), int(rung["wait"]), _id(rung.get("member")))
            for rung in rungs
        ),
        again=again,
        tells_contacts=tells_contacts,
    )


def _id(value: Any) -> UUID | None:
    return value if isinstance(value, UUID) or value is None else UUID(str(value))


def problems(plan: Plan, why_not: Callable[[UUID], str]) -> dict[str, str]:
    """Field → what is wrong with it. `why_not`: why a member can't be named, "" where they can."""
    found: dict[str, str] = {}
    if len(plan.steps) > MOST_STEPS:
        found["steps"] = f"At most {MOST_STEPS} steps."
    if not plan.rungs:
        found["rungs"] = "Something urgent needs at least one rung: somebody who is told."
    elif len(plan.rungs) > MOST_RUNGS:
        found["rungs"] = f"At most {MOST_RUNGS} rungs."
    if not 0 <= plan.again <= MOST_AGAIN:
        found["again"] = f"Repeat the last rung 0 to {MOST_AGAIN} times."
    for index, step in enumerate(plan.steps):
        found |= {f"steps/{index}/{name}": said for name, said in _wrong_step(step, why_not)}
    for index, rung in enumerate(plan.rungs):
        found |= {f"rungs/{index}/{name}": said for name, said in _wrong_rung(rung, why_not)}
    return found


def _wrong_step(step: Step, why_not: Callable[[UUID], str]) -> Iterable[tuple[str, str]]:
    if not STEP.fullmatch(step.step):
        yield "step", "A step is warn_1 to warn_99, such as warn_75, or breach."
    if unknown := sorted(set(step.clocks) - set(CLOCKS)):
        yield "clocks", f"There is no clock “{unknown[0]}”. Choose from {', '.join(CLOCKS)}."
    elif not step.clocks:
        yield "clocks", "Choose at least one clock."
    if unknown := sorted(set(step.priorities) - set(PRIORITIES)):
        yield "priorities", f"There is no priority “{unknown[0]}”. Choose from {', '.join(PRIORITIES)}."
    elif not step.priorities:
        yield "priorities", "Choose at least one priority."
    if step.do is Do.RAISE:
        if step.whom is not None:
            yield "whom", "Raising the priority is done to the mention, not to a person."
    elif step.whom is None:
        yield "whom", "Say who."
    elif step.do is Do.REASSIGN and step.whom not in TAKERS:
        yield "whom", "A mention can be handed on to who is on call, to a manager, or to a named member."
    yield from _wrong_member(step.whom is Whom.MEMBER, step.member, why_not)


def _wrong_rung(rung: Rung, why_not: Callable[[UUID], str]) -> Iterable[tuple[str, str]]:
    if not rung.whom:
        yield "whom", "A rung that tells nobody climbs to nobody: choose who is told."
    if not 1 <= rung.wait <= LONGEST_WAIT:
        yield "wait", "Wait at least 1 minute and at most a day (1440 minutes)."
    yield from _wrong_member(Whom.MEMBER in rung.whom, rung.member, why_not)


def _wrong_member(
    is_named: bool, member: UUID | None, why_not: Callable[[UUID], str]
) -> Iterable[tuple[str, str]]:
    if is_named and member is None:
        yield "member", "Name the member."
    elif not is_named and member is not None:
        yield "member", "A member is named here, but nobody is to be told by name."
    elif member is not None and (why := why_not(member)):
        yield "member", why


def told(plan: Plan, names: Mapping[UUID, str]) -> dict[str, str]:
    """All that a plan says, in words, for the log and the page."""

    def who(whom: Whom | None, member: UUID | None) -> str:
        if whom is Whom.MEMBER and member is not None:
            return names.get(member, str(member))
        return WHOM[whom] if whom else ""

    steps = {
        f"step_{n}": f"{step.step} ({_all(step.clocks, CLOCKS, 'clocks')}; "
        f"{_all(step.priorities, PRIORITIES, 'priorities')}): {step.do.value} {who(step.whom, step.member)}".rstrip()
        for n, step in enumerate(plan.steps, 1)
    }
    rungs = {
        f"rung_{n}": f"{', '.join(who(whom, rung.member) for whom in rung.whom)}; {rung.wait} min"
        for n, rung in enumerate(plan.rungs, 1)
    }
    return {
        **steps,
        **rungs,
        "again": str(plan.again),
        "tells_contacts": "yes" if plan.tells_contacts else "no",
    }


def _all(chosen: Sequence[str], known: Sequence[str], word: str) -> str:
    return f"all {word}" if set(chosen) == set(known) else ", ".join(chosen)

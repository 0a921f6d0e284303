"""The form of a ladder: rows of what follows a clock's step, and the rungs of something urgent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms

from agency.web.fields import Pick, PickRow, offer
from clients.ladder import (
    AGENCYS,
    CLOCKS,
    LONGEST_WAIT,
    MOST_AGAIN,
    MOST_RUNGS,
    MOST_STEPS,
    PRIORITIES,
    TAKERS,
    WHOM,
    Do,
    Plan,
    Rung,
    Step,
    Whom,
)
from clients.words import ClockKind, Priority

_SPARE = 2
_VERBS = {Do.NOTIFY: "tell", Do.REASSIGN: "hand it on to"}
_TAKERS = {
    Whom.ON_CALL: "who is on call",
    Whom.MANAGERS: "the manager with the least to do",
    Whom.MEMBER: "a named member",
}


def _answers() -> list[tuple[str, str]]:
    told = [(f"notify:{whom}", f"Tell {words}") for whom, words in WHOM.items()]
    handed = [(f"reassign:{whom}", f"Hand it on to {_TAKERS[whom]}") for whom in TAKERS]
    return [*told, *handed, ("raise", "Raise the priority")]


def _joined(values: Iterable[str]) -> str:
    return ",".join(values)


_CLOCKS = {
    _joined(CLOCKS): "Any clock",
    _joined(AGENCYS): "The agency's clocks",
    **{kind.value: kind.label for kind in ClockKind},
}
_PRIORITIES = {
    _joined(PRIORITIES): "Any priority",
    _joined(PRIORITIES[:2]): "Urgent and high",
    _joined(PRIORITIES[2:]): "Normal and low",
    **{priority.value: priority.label for priority in Priority},
}


def step_label(step: str) -> str:
    """“Late”, “75 % used”."""
    return "Late" if step == "breach" else f"{step.removeprefix('warn_')} % used"


def label_of(known: Mapping[str, str], values: Sequence[str], one: Mapping[str, str]) -> str:
    """The words for several values."""
    return known.get(_joined(values)) or ", ".join(one.get(value, value) for value in values)


def step_words(step: Step, names: Mapping[UUID, str]) -> dict[str, str]:
    """A row in words."""
    who = names.get(step.member, "somebody who left") if step.member else WHOM[step.whom or Whom.ASSIGNEE]
    if step.whom is Whom.MANAGERS and step.do is Do.REASSIGN:
        who = _TAKERS[step.whom]
    return {
        "when": step_label(step.step),
        "clocks": label_of(_CLOCKS, step.clocks, dict(ClockKind.choices)),
        "priorities": label_of(_PRIORITIES, step.priorities, dict(Priority.choices)),
        "then": "raise the priority" if step.do is Do.RAISE else f"{_VERBS[step.do]} {who}",
    }


def rung_words(rung: Rung, names: Mapping[UUID, str]) -> str:
    """“who is on call, Ben”."""
    return ", ".join(
        names.get(rung.member, "somebody who left") if whom is Whom.MEMBER and rung.member else WHOM[whom]
        for whom in rung.whom
    )


class LadderForm(forms.Form):
    """`plan`: what there is; a few empty rows follow it. A row without its first field is left out."""

    again = forms.IntegerField(
        label="Repeat the last rung",
        min_value=0,
        max_value=MOST_AGAIN,
        help_text=f"So many times, while nobody says that they have it: 0 to {MOST_AGAIN}.",
        error_messages={
            "required": "Enter a number, 0 for never.",
            "invalid": "Enter a whole number.",
            "min_value": "Enter 0 or more.",
            "max_value": f"At most {MOST_AGAIN} times.",
        },
    )
    tells_contacts = forms.BooleanField(
        label="Mail the client's alert recipients at once, too", required=False
    )

    def __init__(
        self,
        *args: Any,
        plan: Plan,
        warn_at: Sequence[int],
        members: Sequence[tuple[Any, str]],
        **kwargs: Any,
    ) -> None:
        kwargs["initial"] = _initial(plan) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        percents = sorted({50, 75, 90, *warn_at})
        steps = [*(f"warn_{percent}" for percent in percents), "breach"]
        steps += [step.step for step in plan.steps if step.step not in steps]
        self.step_count = min(len(plan.steps) + _SPARE, MOST_STEPS)
        self.rung_count = min(max(len(plan.rungs) + 1, 3), MOST_RUNGS)
        for n in range(self.step_count):
            self._add_step(n, plan.steps[n] if n < len(plan.steps) else None, steps, members)
        for n in range(self.rung_count):
            self._add_rung(n, members)

    def _add_step(
        self, n: int, step: Step | None, steps: Sequence[str], members: Sequence[tuple[Any, str]]
    ) -> None:
        clocks, priorities = dict(_CLOCKS), dict(_PRIORITIES)
        if step is not None:
            clocks.setdefault(_joined(step.clocks), ", ".join(step.clocks))
            priorities.setdefault(_joined(step.priorities), ", ".join(step.priorities))
        named: dict[str, Any] = {
            "step": Pick(
                label="When",
                required=False,
                choices=[("", "Nothing"), *((step, step_label(step)) for step in steps)],
            ),
            "clocks": Pick(label="Clock", required=False, choices=[*clocks.items()]),
            "priorities": Pick(label="Priority", required=False, choices=[*priorities.items()]),
            "whom": Pick(label="Then", required=False, choices=_answers()),
            "member": PickRow(label="Named", required=False),
        }
        self.fields |= {f"steps/{n}/{name}": field for name, field in named.items()}
        offer(self, f"steps/{n}/member", members, none="Nobody")

    def _add_rung(self, n: int, members: Sequence[tuple[Any, str]]) -> None:
        named: dict[str, Any] = {
            "whom": forms.MultipleChoiceField(
                label="Tell",
                required=False,
                choices=[(whom.value, words.capitalize()) for whom, words in WHOM.items()],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"invalid_choice": "Choose from the list."},
            ),
            "wait": forms.IntegerField(
                label="Then wait, in minutes",
                required=False,
                error_messages={"invalid": "Enter a whole number of minutes."},
                help_text=f"1 to {LONGEST_WAIT}.",
            ),
            "member": PickRow(label="Named", required=False),
        }
        self.fields |= {f"rungs/{n}/{name}": field for name, field in named.items()}
        offer(self, f"rungs/{n}/member", members, none="Nobody")

    def steps(self) -> list[list[forms.BoundField]]:
        names = ("step", "clocks", "priorities", "whom", "member")
        return [[self[f"steps/{n}/{name}"] for name in names] for n in range(self.step_count)]

    def rungs(self) -> list[dict[str, Any]]:
        return [
            {"number": n + 1, "whom": self[f"rungs/{n}/whom"], "wait": self[f"rungs/{n}/wait"],
             "member": self[f"rungs/{n}/member"]}
            for n in range(self.rung_count)
        ]  # fmt: skip

    def filled(self) -> dict[str, list[int]]:
        """The rows that say something."""
        data = self.cleaned_data
        return {
            "steps": [n for n in range(self.step_count) if data.get(f"steps/{n}/step")],
            "rungs": [n for n in range(self.rung_count) if data.get(f"rungs/{n}/whom")],
        }

    def asked(self) -> Plan:
        """What was entered, once it is valid."""
        data, filled = self.cleaned_data, self.filled()
        return Plan(
            steps=tuple(self._step(n) for n in filled["steps"]),
            rungs=tuple(
                Rung(
                    whom=tuple(whom for whom in Whom if whom.value in data[f"rungs/{n}/whom"]),
                    wait=data[f"rungs/{n}/wait"] or 0,
                    member=data[f"rungs/{n}/member"],
                )
                for n in filled["rungs"]
            ),
            again=data["again"],
            tells_contacts=data["tells_contacts"],
        )

    def _step(self, n: int) -> Step:
        data = self.cleaned_data
        do, _, whom = (data[f"steps/{n}/whom"] or "notify:assignee").partition(":")
        return Step(
            step=data[f"steps/{n}/step"],
            do=Do(do),
            whom=Whom(whom) if whom else None,
            member=data[f"steps/{n}/member"],
            clocks=tuple((data[f"steps/{n}/clocks"] or _joined(CLOCKS)).split(",")),
            priorities=tuple((data[f"steps/{n}/priorities"] or _joined(PRIORITIES)).split(",")),
        )


def _initial(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {"again": plan.again, "tells_contacts": plan.tells_contacts}
    for n, step in enumerate(plan.steps):
        found |= {
            f"steps/{n}/step": step.step,
            f"steps/{n}/clocks": _joined(step.clocks),
            f"steps/{n}/priorities": _joined(step.priorities),
            f"steps/{n}/whom": f"{step.do}:{step.whom}" if step.whom else step.do.value,
            f"steps/{n}/member": str(step.member or ""),
        }
    for n, rung in enumerate(plan.rungs):
        found |= {
            f"rungs/{n}/whom": [whom.value for whom in rung.whom],
            f"rungs/{n}/wait": rung.wait,
            f"rungs/{n}/member": str(rung.member or ""),
        }
    return found

"""Every door × every actor × own, foreign and random ids: nobody crosses an agency, and nobody does what they may not.

Foreign must look exactly like random, in status, headers and wording; so must the other client's for whoever works for
one client only. Marks and ids of others appear in no answer.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.db import models

from agency.tenancy import TenantManager, entered_clients
from tests.contracts import flaws
from tests.contracts.bodies import Body, bodies, filters, param
from tests.contracts.callers import ACTORS, Caller, make_caller
from tests.contracts.doors import Door, guarded
from tests.contracts.forms import Field, forms_of
from tests.contracts.world import World
from tests.fixtures import FRIDAY_EVENING

Worlds = tuple[World, World]
# With the managers' filter off row security is alone: it doesn't ask who knocks, so one tries the pages, one the API.
ALONE = ["member:owner", "key:all"]
# Which methods an address serves doesn't depend on who asks, apart from having a key.
TRY_ALL_METHODS = {"member:owner", "key:all"}


@dataclass
class Walk:
    """One caller's way along all doors."""

    caller: Caller
    knocks: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        home, abroad = self.caller.home, self.caller.abroad
        own, lost = home.names(), uuid4()
        self.kinds: dict[str, dict[str, UUID]] = {
            "own": own,
            "foreign": {**own, **abroad.names()},
            "random": dict.fromkeys(own, lost),
        }
        if self.caller.is_limited:
            self.kinds["other"] = {**own, **home.two.ids}
        self.fields: dict[str, list[Field]] = {}
        self.got: dict[str, Any] = {}  # route → what GET said of a foreign id

    def knock(self, door: Door, path: str, body: Any = None, method: str = "") -> Any:
        method = method or door.method
        answer = self.caller.knock(method, path, body, is_api=door.is_api)
        self.knocks += 1
        found = flaws.told(self.caller, answer, f"{path} {body}")
        self.note(door, *(f"{path} {flaw}" for flaw in found), method=method)
        return answer

    def note(self, door: Door, *found: str, method: str = "") -> None:
        self.wrong += [f"{method or door.method} {door.route}: {flaw}" for flaw in found]

    def of(self, names: set[str]) -> list[str]:
        """The kinds of ids to try where these are taken."""
        concerned = bool(names & self.caller.home.two.ids.keys())
        return [kind for kind in self.kinds if concerned or kind != "other"]

    def compare(self, door: Door, answers: Mapping[str, Any]) -> None:
        self.note(door, *flaws.alike(answers, "foreign", "random"), *flaws.alike(answers, "other", "random"))

    # Addresses ------------------------------------------------------------------------------------

    def door(self, door: Door) -> None:
        unknown = {*door.names} - self.kinds["own"].keys()
        assert not unknown, f"{door.route}: say in tests/contracts/world.py (CALLED) whose ids {unknown} are"
        body = bodies().get((door.method, _documented(door)))
        sent = self.filled(body, self.kinds["own"])
        kinds = self.of({*door.names}) if door.names else ["own"]
        if self.caller.rights is None or (door.right and door.right not in self.caller.rights):
            # Refused before anything is looked for, so that even our own is like theirs.
            kinds = [kind for kind in kinds if kind in {"own", "foreign"}]
        answers = {kind: self.knock(door, door.path(**self.kinds[kind]), sent) for kind in kinds}
        self.compare(door, answers)
        if door.method == "GET" and "foreign" in answers:
            self.got[door.route] = answers["foreign"]
        if "random" not in kinds and self.caller.rights is not None:
            self.note(door, *flaws.alike(answers, "own", "foreign"))
        statuses = {answer.status_code for answer in answers.values()}
        self.note(door, *flaws.trespass(self.caller, door, answers["own"], statuses))
        for kind in set(kinds) - {"own"}:
            if answers[kind].status_code in range(200, 300):
                self.note(door, f"{kind} is let in: {answers[kind].status_code}")
        if body and answers["own"].status_code not in {401, 403}:
            self.body(door, body)
        if not door.is_api and door.method == "GET" and answers["own"].status_code == 200:
            path = door.path(**self.kinds["own"])
            for found in forms_of(path, answers["own"].body):
                self.fields.setdefault(found.key, []).append(found)

    def other_methods(self, door: Door, served: set[str]) -> None:
        """HEAD tells no more than GET, OPTIONS as little of theirs as of ours, and what isn't served is refused."""
        if door.route in self.got:
            got, head = flaws.said(self.got[door.route]), flaws.said(self.at(door, "foreign", "HEAD"))
            if (got[0], "", got[2]) != head:
                self.note(door, f"isn't GET without its body: {flaws.difference(got, head)}", method="HEAD")
        answers = {
            kind: self.at(door, kind, "OPTIONS") for kind in (("own", "foreign") if door.names else ())
        }
        self.note(door, *flaws.alike(answers, "own", "foreign"), method="OPTIONS")
        method = "PUT" if "PUT" not in served else "DELETE"
        answer = self.at(door, "own", method)
        if method not in served and answer.status_code not in {401, 403, 405}:
            self.note(door, f"isn't served, and answers {answer.status_code}", method=method)

    def at(self, door: Door, kind: str, method: str) -> Any:
        return self.knock(door, door.path(**self.kinds[kind]), method=method)

    # Ids elsewhere --------------------------------------------------------------------------------

    def filled(self, body: Body | None, ids: Mapping[str, UUID], only: str = "") -> dict[str, Any] | None:
        if body is None:
            return None
        # What is for no client in particular isn't theirs to make who work for some.
        sent = body.filled(self.kinds["own"], whole=self.caller.is_limited) | (
            body.filled(ids, only=only) if only else {}
        )
        if "version" in sent:
            sent["version"] = self.caller.home.one.versions.get(ids.get("mention_id"), 1)
        return sent

    def body(self, door: Door, body: Body) -> None:
        """Each field that holds an id, at an address of our own."""
        for name, _ in body.ids:
            for mention in ("mention_id", "worked_id") if "mention_id" in door.names else ("mention_id",):
                own = self.kinds["own"] | {"mention_id": self.kinds["own"][mention]}
                answers = {
                    kind: self.knock(
                        door,
                        door.path(**own),
                        self.filled(body, own | {param(name): self.kinds[kind][param(name)]}, name),
                    )
                    for kind in self.of({param(name)})
                }
                self.compare(door, answers)

    def filters(self) -> None:
        for found in filters():
            path = re.sub(r"{(\w+)}", lambda name: str(self.kinds["own"][name[1]]), found.path)
            door = Door(f"{found.path[1:]}?{found.name}", "GET", None, is_api=True)
            answers = {
                kind: self.knock(door, f"{path}?{found.name}={self.kinds[kind][param(found.name)]}")
                for kind in self.of({param(found.name)})
            }
            self.compare(door, answers)
            for kind in answers.keys() - {"own"}:
                answer = answers[kind]
                rows = orjson.loads(answer.body).get("results", ()) if answer.status_code == 200 else ()
                # What is shared by all clients is found with each of them.
                if any(row.get("client", kind) is not None for row in rows):
                    self.note(door, f"{kind} shows rows")

    def forms(self) -> None:
        """Each field of the pages' forms, and each filter of their addresses, that holds one of our ids."""
        for found in self.fields.values():
            self.form(found[0])

    def form(self, found: Field) -> None:
        name = next((n for n, pk in self.kinds["own"].items() if str(pk) in found.held), "")
        door = Door(f"{found.action[1:]} {found.name}", found.method, None, is_api=False)
        answers = {}
        for kind in self.of({name}):
            one = str(self.kinds[kind].get(name, uuid4()))
            if found.method == "GET":
                answers[kind] = self.knock(door, f"{found.action}?{found.name}={one}")
            else:
                answers[kind] = self.knock(door, found.action, {**found.rest, found.name: one})
        self.compare(door, answers)


def _documented(door: Door) -> str:
    return re.sub(r"<\w+:(\w+)>", r"{\1}", "/" + door.route)


def walk(caller: Caller, *, all_methods: bool = False, api: bool = True) -> Walk:
    """Along every door, with bodies, filters and forms; `api` False: along the pages only."""
    walk = Walk(caller)
    doors = [door for door in guarded() if (api if door.is_api else not caller.token)]
    served: dict[str, set[str]] = {}
    for door in doors:
        served.setdefault(door.route, set()).add(door.method)
    for door in doors:
        walk.door(door)
    for route, methods in served.items() if all_methods else ():
        first = min((d for d in doors if d.route == route), key=lambda d: d.method != "GET")
        walk.other_methods(first, methods)
    if api:
        walk.filters()
    walk.forms()
    return walk


@pytest.mark.parametrize("name", ACTORS)
def test_nobody_crosses_an_agency_and_nobody_exceeds_their_rights(
    name: str, worlds: Worlds, record_property: Callable[[str, object], None]
) -> None:
    done = walk(make_caller(name, *worlds, now=FRIDAY_EVENING), all_methods=name in TRY_ALL_METHODS)
    _record(done, "as it is", record_property)


@pytest.mark.parametrize("name", ALONE)
def test_nobody_crosses_an_agency_with_the_managers_filter_switched_off(
    name: str,
    worlds: Worlds,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(TenantManager, "get_queryset", _unfiltered)
    done = walk(make_caller(name, *worlds, now=FRIDAY_EVENING), api=name.startswith("key:"))
    _record(done, "filter off", record_property)


def _unfiltered(manager: TenantManager) -> "models.QuerySet[Any]":
    """Without the agency's filter, but with the clients': that limit is the managers' alone."""
    rows = models.Manager.get_queryset(manager)
    clients = entered_clients()
    return rows if clients is None else rows.filter(manager.model.within(clients))


def _record(done: Walk, how: str, record_property: Callable[[str, object], None]) -> None:
    record_property(
        "matrix",
        {
            "how": how,
            "actor": done.caller.name,
            "doors": len(guarded()),
            "kinds": len(done.kinds),
            "knocks": done.knocks,
            "wrong": len(done.wrong),
        },
    )
    assert not done.wrong, "\n".join(done.wrong)

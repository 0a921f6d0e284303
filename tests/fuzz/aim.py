"""Leads cases to where there is something: real ids, a mention's version as it is, and now and then a hostile text."""

import re
from random import Random
from typing import Any

from schemathesis import Case
from schemathesis.core import NOT_SET

from tests.contracts.bodies import param
from tests.fuzz.callers import Caller

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# How often out of a hundred an id is a real one, a version the right one, and a text hostile.
REAL, SEEN, HOSTILE = 85, 60, 6
TEXTS = (
    "0513-10-31T14:30:59+19:11",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "\x00",
    "a\x00\u202eb",
    "\ufeff \u2028",
    "💥" * 900,
    "{author.__class__}",
    "%s%n%(x)s",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "http://[::1",
    "../../etc/passwd",
    "1e999",
)


class Aim:
    """Of one caller; what is random comes from `chance`."""

    def __init__(self, caller: Caller, chance: Random) -> None:
        self.caller, self.chance = caller, chance

    def at(self, case: Case) -> Case:
        """The same case with what it holds led to what is there; whatever breaks the schema stays as it is."""
        ids = self.chance.choices(self.caller.ids, weights=(5, 3, 2))[0]
        for name, value in list((case.path_parameters or {}).items()):
            if name in ids and self._is_id(value) and self._is(REAL):
                case.path_parameters[name] = ids[name]
        for name, value in list((case.query or {}).items()):
            case.query[name] = self._led(name, value, ids)
        if isinstance(case.body, dict):
            case.body = self._led("", case.body, ids)
            self._see(case, ids)
        self._match(case)
        return case

    def _is(self, often: int) -> bool:
        return self.chance.random() * 100 < often

    def _is_id(self, value: Any) -> bool:
        return isinstance(value, str) and bool(_UUID.fullmatch(value))

    def _led(self, name: str, value: Any, ids: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._led(str(key), inner, ids) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._led(name, inner, ids) for inner in value]
        if self._is_id(value):
            return ids.get(param(name), value) if self._is(REAL) else value
        if isinstance(value, str) and self._is(HOSTILE):
            return self.chance.choice(TEXTS)
        return value

    def _see(self, case: Case, ids: Any) -> None:
        mention = (case.path_parameters or {}).get("mention_id")
        body: Any = case.body
        if self._is_id(mention) and isinstance(body.get("version"), int) and self._is(SEEN):
            body["version"] = self.caller.version_of(str(mention)) or 1

    def _match(self, case: Case) -> None:
        """An `If-Match` that can be right."""
        if case.headers and "If-Match" in case.headers and case.body is not NOT_SET and self._is(SEEN):
            mention = (case.path_parameters or {}).get("mention_id")
            seen = self.caller.version_of(mention) if self._is_id(mention) else self.chance.randint(0, 3)
            case.headers["If-Match"] = f'"{seen or 1}"'

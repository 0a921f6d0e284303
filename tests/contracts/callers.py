"""Whoever may stand at a door, and how they knock."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from django.db import transaction
from django.test import Client as Browser

from agency.actions.keys import make_key
from agency.actor import Actor
from agency.models import ApiKey, Membership
from agency.queries.people import rights_within
from agency.rights import ROLE_RIGHTS, Right, Role
from agency.tenancy import tenant
from tests.contracts.world import World, limited_key
from tests.making import commit_checks

# Whatever version there is, so that nothing is refused for being stale before anybody asks whose it is.
ANY_VERSION = ", ".join(f'"{number}"' for number in range(40))
LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})

MEMBERS = [*(f"member:{role}" for role in Role), "member:limited:manager", "member:limited:responder"]
KEYS = [*(f"key:{right}" for right in Right), "key:all", "key:limited"]
OTHERS = ["rival:owner", "rival:key", "approver", "anonymous"]
ACTORS = [*MEMBERS, *KEYS, *OTHERS]


class Plain(Browser):
    """Without the records of rendered templates that Django's own keeps: half the time of a knock."""

    def request(self, **request: Any) -> Any:
        answer = self.handler(self._base_environ(**request))
        self.cookies.update(answer.cookies)
        return answer


@dataclass(frozen=True)
class Caller:
    """Somebody at the doors, and what they may do there; rights None: nobody.

    Attributes:
        home: where they belong; abroad: the agency that they must learn nothing of.
        is_limited: they work for the first client only, and must learn nothing of the second.
    """

    name: str
    home: World
    abroad: World
    rights: frozenset[Right] | None
    token: str = ""
    is_limited: bool = False
    browser: Browser = field(default_factory=Plain)

    @property
    def hidden(self) -> tuple[str, ...]:
        """Marks that no answer to them may hold."""
        if self.rights is None:
            return self.home.mark, self.abroad.mark
        return (self.abroad.mark, self.home.two.mark) if self.is_limited else (self.abroad.mark,)

    @property
    def hidden_ids(self) -> frozenset[str]:
        ids = self.abroad.every_id
        if self.rights is None:
            return ids | self.home.every_id
        return ids | {str(pk) for pk in self.home.two.ids.values()} if self.is_limited else ids

    def knock(self, method: str, path: str, body: Any = None, *, is_api: bool) -> Any:
        """The answer, with its whole `body`; what it did is undone."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if is_api and method in {"PUT", "DELETE"}:
            headers["if-match"] = ANY_VERSION
        if is_api:
            data, kind = b"" if method in LOOKS else orjson.dumps(body or {}), "application/json"
        else:
            data, kind = _form({"version": 1} if body is None else body), "application/x-www-form-urlencoded"
        cookies: Any = self.browser.cookies.copy()
        with transaction.atomic():
            answer: Any = self.browser.generic(method, path, data=data, content_type=kind, headers=headers)
            answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            transaction.set_rollback(True)
        # Such as the sentence that the next page would show.
        self.browser.cookies = cookies
        return answer


def _form(held: dict[str, Any]) -> bytes:
    return urlencode(held, doseq=True).encode()


def sign_in(browser: Browser, actor: Actor) -> None:
    user = Membership.objects.select_related("user").get(pk=actor.id).user
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")


def make_caller(name: str, own: World, foreign: World, *, now: datetime) -> Caller:
    """One of ACTORS."""
    caller = _make(name, own, foreign, now)
    commit_checks()
    return caller


def _make(name: str, own: World, foreign: World, now: datetime) -> Caller:
    kind, _, what = name.partition(":")
    if kind == "rival":
        what, own, foreign = ("member:owner" if what == "owner" else "key:all"), foreign, own
        kind, _, what = what.partition(":")
    if kind == "key":
        return _key(name, what, own, foreign, now)
    if kind == "member":
        is_limited = what.startswith("limited:")
        actor = own.members[what]
        rights = rights_within(ROLE_RIGHTS[Role(what.removeprefix("limited:"))], actor.clients)
        caller = Caller(name, own, foreign, rights, is_limited=is_limited)
        sign_in(caller.browser, actor)
        return caller
    caller = Caller(name, own, foreign, None)
    if kind == "approver":
        # Whatever opening a link leaves in a browser opens nothing else.
        assert caller.browser.get(f"/approve/{own.one.tokens['live']}/").status_code == 200
    return caller


def _key(name: str, what: str, own: World, foreign: World, now: datetime) -> Caller:
    if what == "limited":
        token = limited_key(own, now=now)
        rights = rights_within(frozenset(Right), frozenset())
    else:
        rights = frozenset(Right) if what == "all" else frozenset({Right.READ, Right(what)})
        with tenant(own.agency_id):
            _, token = make_key(
                name=f"{own.mark} knocks", rights=sorted(rights), expires_at=None, by=own.owner, now=now
            )
    # As if it had been used a moment ago: that is noted once a minute (tests/contracts/test_looking.py).
    ApiKey.objects.filter(agency_id=own.agency_id).update(last_used_at=now)
    return Caller(name, own, foreign, rights, token, is_limited=what == "limited")

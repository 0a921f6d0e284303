"""What an answer may not do: fail, tell of others, differ where it may not, or let in whom it should not."""

import re
from collections.abc import Iterator, Mapping
from difflib import ndiff
from typing import Any

from agency.rights import Right
from tests.contracts.callers import Caller
from tests.contracts.doors import Door

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What differs from one answer to the next whoever asks.
_PASSING = re.compile(
    r"data-now=\"\d+|csrfmiddlewaretoken\" value=\"[^\"]*|nonce(?:=\"[^\"]*|-[\w+/=-]+)|csrftoken=\w+|expires=[^;]+"
    r"|\d+ (?:s|min|ms)\b|" + UUID.pattern
)
# Doors that the right alone doesn't open: only the assignee, or a manager, gives a claim back or hands it on, nobody skips
# a client who wants to be asked, and a key makes no key or member that can do more than itself, nor names a provider that
# vouches for owners.
HELD = (
    *("/release/", "/assign/", "/clear/", "v1/keys/", "v1/identity-provider/"),
    # Who asked for an excuse takes it back, and somebody else decides it.
    *("v1/excuses/<uuid:excuse_id>/withdraw/", "/grant/", "/refuse/"),
    # The agency's default is nothing for who works for some clients only.
    "calendars/<uuid:calendar_id>/default/",
    *("v1/overrides/<uuid:override_id>/", "on-call/overrides/<uuid:override_id>/end/"),
    *("v1/members/", "v1/members/<uuid:member_id>/"),
)
# Doors to what concerns every client, which stay shut to members and keys that are limited to some of them.
WHOLE_AGENCY = {
    ("PUT", "api/v1/sla-policy/"),
    ("POST", "api/v1/sla-policy/preview/"),
    ("PUT", "api/v1/default-calendar/"),
    ("POST", "api/v1/default-calendar/preview/"),
    ("PUT", "api/v1/ladder/"),
    ("DELETE", "api/v1/ladder/"),
    ("GET", "settings/ladder/reset/"),
    ("POST", "settings/ladder/reset/"),
    ("POST", "api/v1/clients/"),
    ("GET", "api/v1/audit/chain/"),
    ("POST", "settings/promises/"),
    ("GET", "clients/add/"),
    ("POST", "clients/add/"),
    ("GET", "activity/chain/"),
}

Said = tuple[int, str, tuple[tuple[str, str], ...]]
# What no two calls share, whatever they ask: the call's name, and how many calls the caller has left.
_OF_THE_CALL = {"x-request-id", "ratelimit"}


def said(answer: Any) -> Said:
    """An answer without what passes."""
    headers = sorted((name.lower(), value) for name, value in answer.headers.items())
    return (
        answer.status_code,
        _PASSING.sub("*", answer.body.decode(errors="replace")),
        tuple((name, _PASSING.sub("*", value)) for name, value in headers if name not in _OF_THE_CALL),
    )


def difference(one: Said, other: Said) -> list[str]:
    told = [line for line in ndiff(one[1].splitlines(), other[1].splitlines()) if line[0] in "+-"]
    headers = sorted(map(str, set(one[2]) ^ set(other[2])))
    return [f"{one[0]} and {other[0]}", *told[:4], *headers[:4]]


def told(caller: Caller, answer: Any, sent: str) -> Iterator[str]:
    """What one answer says that no answer may; `sent`: the request, whose ids are no news."""
    if answer.status_code >= 500:
        yield f"{answer.status_code}"
    text = f"{answer.body.decode(errors='replace')} {answer.headers}"
    lower = text.lower()
    yield from (f"tells of {mark}" for mark in caller.hidden if mark in lower and mark not in sent.lower())
    for leaked in (set(UUID.findall(text)) & caller.hidden_ids) - set(UUID.findall(sent)):
        yield f"tells the id {leaked}"


def alike(answers: Mapping[str, Any], one: str, other: str) -> Iterator[str]:
    """Where an id that is somebody else's isn't like one that nobody has."""
    if one in answers and other in answers:
        first, second = said(answers[one]), said(answers[other])
        if first != second:
            yield f"{one} isn't like {other}: {difference(first, second)}"


def trespass(caller: Caller, door: Door, own: Any, statuses: set[int]) -> Iterator[str]:
    """Where the door isn't held shut, or isn't open, as the caller's rights say."""
    if caller.rights is None:
        refused = {401} if door.is_api else {302, 303}
        there = own.headers.get("Location", "")
        if not statuses <= refused or (not door.is_api and "/accounts/login/" not in there):
            yield f"a stranger gets {statuses}, {there}"
    elif door.right is not None and door.right not in caller.rights:
        if statuses != {403}:
            yield f"without “{door.right}”: {statuses}"
    elif caller.is_limited and (door.method, door.route) in WHOLE_AGENCY:
        if statuses != {403}:
            yield f"of the whole agency: {statuses}"
    elif own.status_code == 401 or (own.status_code == 403 and not door.route.endswith(HELD)):
        yield f"with “{Right(door.right).value if door.right else 'a place'}”: {own.status_code}"

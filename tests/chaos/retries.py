"""Fifty calls at once with each of a hundred Idempotency-Keys, and web workers killed meanwhile: one effect a key.

uv run python -m tests.chaos retries [--quick | --short]

Half of the keys make a client, half claim a mention, over HTTP at a real `manage.py web` with two workers. Whoever is told
that the first call is under way, or isn't answered at all, sends the same call again.
"""

import http.client
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from tests.benchmarks.ground import say, tell
from tests.chaos.web import Web

PATIENCE = 60.0


@dataclass(frozen=True)
class Size:
    keys: int
    at_once: int
    kill_each: int  # after so many keys a web worker is killed


SIZES = {"whole": Size(100, 50, 10), "quick": Size(20, 50, 5), "short": Size(4, 12, 2)}


@dataclass(frozen=True)
class Call:
    """One key's call, and where its effect is counted."""

    key: str
    path: str
    body: bytes
    counted: str  # a statement with one parameter
    subject: str


@dataclass
class Findings:
    """What the answers and the rows say."""

    twice: int = 0
    missing: int = 0
    once: int = 0
    differing: int = 0
    strange: Counter[str] = field(default_factory=Counter)
    in_use: int = 0
    cut_off: int = 0
    replayed: int = 0


def run(owner_url: str, size: str) -> bool:
    good, told = report(owner_url, size)
    sys.stdout.write(told + "\n")
    return good


def report(owner_url: str, size: str) -> tuple[bool, str]:
    """Whether all was well, and the line that says what happened."""
    wanted, found, begun = SIZES[size], Findings(), time.monotonic()
    token, calls = _make(wanted.keys)
    with Web(workers=2, quiet=True) as web:
        with ThreadPoolExecutor(wanted.at_once) as pool:
            for number, call in enumerate(calls, start=1):
                kill = number % wanted.kill_each == 0
                _storm(web, call, token, wanted.at_once, pool, found, kill=kill)
                if number % 10 == 0:
                    tell(f"{number} keys after {time.monotonic() - begun:.0f} s")
        killed = web.killed
    with psycopg.connect(owner_url, autocommit=True) as owner:
        for call in calls:
            row = owner.execute(call.counted, [call.subject]).fetchone()  # type: ignore[arg-type]
            effects = int(row[0]) if row else 0
            found.once += effects == 1
            found.twice += effects > 1
            found.missing += effects == 0
    _say(found, wanted)
    asked = wanted.keys * wanted.at_once
    good = found.once == wanted.keys and not found.differing and not found.strange
    return good, (
        f"chaos: {wanted.at_once} calls at once with each of {wanted.keys} keys, a web worker killed {killed} times:"
        f" {found.once} keys with one effect, {found.twice} with more, {found.missing} with none;"
        f" {asked - found.differing - found.strange.total():,} of {asked:,} calls got the same answer as the others of their"
        f" key ({found.replayed:,} of them stored ones) after {found.in_use:,} “in use” and {found.cut_off} connections cut"
        f" off; {found.strange.total()} other answers{_list(found.strange)}"
    )


def _list(strange: Counter[str]) -> str:
    return f" ({', '.join(f'{n} x {what}' for what, n in strange.most_common(5))})" if strange else ""


def _say(found: Findings, wanted: Size) -> None:
    asked = wanted.keys * wanted.at_once
    say("chaos.retries.one_effect", found.once, "keys", limit=wanted.keys, target=1, at_least=True)
    say("chaos.retries.effect_twice", found.twice, "keys", limit=wanted.keys, target=0)
    say(
        "chaos.retries.other_answers", found.differing + found.strange.total(), "calls", limit=asked, target=0
    )


# The storm ---------------------------------------------------------------------------------------------


def _storm(
    web: Web, call: Call, token: str, at_once: int, pool: ThreadPoolExecutor, found: Findings, *, kill: bool
) -> None:
    """All at once; and in the middle of it a worker is killed."""
    together = threading.Barrier(at_once + 1)
    sent = [pool.submit(_send_until_answered, web.port, call, token, together) for _ in range(at_once)]
    together.wait()
    if kill:
        time.sleep(0.02)
        web.kill_worker()
    answers: Counter[tuple[int, bytes]] = Counter()
    for one in sent:
        status, body, replayed, in_use, cut_off = one.result()
        found.in_use += in_use
        found.cut_off += cut_off
        found.replayed += replayed
        if status in {200, 201}:
            answers[status, body] += 1
        else:
            found.strange[f"{status} {body[:200].decode(errors='replace')}"] += 1
    found.differing += answers.total() - max(answers.values(), default=0)


def _send_until_answered(
    port: int, call: Call, token: str, together: threading.Barrier
) -> tuple[int, bytes, bool, int, int]:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": call.key,
    }
    in_use = cut_off = 0
    together.wait()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", call.path, call.body, headers)
            answer = connection.getresponse()
            status, body = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            cut_off += 1  # a worker was killed under it: nobody knows whether the call was carried out
            time.sleep(0.1)
            continue
        finally:
            connection.close()
        if status == 409 and json.loads(body)["code"] == "idempotency_key_in_use":
            in_use += 1
            time.sleep(random.uniform(0.3, 1))  # noqa: S311  (about what Retry-After asks for)
            continue
        return status, body, answer.headers["Idempotent-Replayed"] == "true", in_use, cut_off
    return 0, b"no answer", False, in_use, cut_off


# What the calls are made of ------------------------------------------------------------------------------


def _make(keys: int) -> tuple[str, list[Call]]:
    """An agency with a key, and calls: every other one claims a mention."""
    from agency import clock  # noqa: PLC0415  (Django is set up by now)
    from agency.actions.keys import make_key  # noqa: PLC0415
    from agency.models import Membership  # noqa: PLC0415
    from agency.queries.people import actor_of_member  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from clients.actions.clients import create_client  # noqa: PLC0415
    from tests.making import make_mention  # noqa: PLC0415
    from workflows.actions.onboarding import open_agency  # noqa: PLC0415

    now = clock.now()
    agency, member = open_agency(
        name="Northlight",
        time_zone="UTC",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=now,
        invite=False,
    )
    by = actor_of_member(Membership.objects.select_related("user").get(pk=member.pk))
    with tenant(agency.pk):
        client = create_client(name="Brightwater", time_zone="UTC", language="en", by=by, now=now)
        mentions = [make_mention(client, now=now).pk for _ in range(keys // 2)]
        _, token = make_key(name="Storm", rights=sorted(by.rights), expires_at=None, by=by, now=now)
    tell(f"{len(mentions)} mentions wait to be claimed")
    return token, list(_calls(keys, mentions))


def _calls(keys: int, mentions: list[UUID]) -> Iterator[Call]:
    for number in range(keys):
        key = f"storm-{number}"
        if number % 2:
            mention = mentions[number // 2]
            counted = "SELECT count(*) FROM workflows_transition WHERE move = 'claim' AND mention_id = %s"
            yield Call(key, f"/api/v1/mentions/{mention}/claim/", b'{"version": 1}', counted, str(mention))
        else:
            name = f"Client {number}"
            body = {"name": name, "time_zone": "UTC", "language": "en"}
            counted = "SELECT count(*) FROM clients_client WHERE name = %s"
            yield Call(key, "/api/v1/clients/", json.dumps(body).encode(), counted, name)

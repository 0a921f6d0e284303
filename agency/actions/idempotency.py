"""Calls that may be sent again: the answer of the first one is kept for a day, and given again instead of a second effect.

Two calls with one key at once: the first holds an advisory lock until its transaction ends, and the other is told so. A
statement sees what was there when it began, which may be before it got the lock: whoever finds nothing looks once more,
holding it. The answer's row is unique besides.
"""

import base64
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from agency.actor import Actor
from agency.errors import Conflict, DomainError, Forbidden
from agency.ids import new_id
from agency.models import StoredAnswer
from agency.sealed import opened, put
from agency.vault import VaultError

KEPT = timedelta(hours=24)
# No call lasts longer: what was begun before and never ended was broken off.
LONGEST_CALL = timedelta(minutes=3)
MOST = 4_000_000  # bytes of an answer that is kept

# The database's time, without asking for it first: one question finds out everything.
_LOOK = """
SELECT pg_try_advisory_xact_lock(%s), a.id, a.request_digest, a.client_ids, a.status, a.answer,
       a.began_at < clock_timestamp() - %s * interval '1 second'
  FROM (VALUES (1)) AS once LEFT JOIN agency_storedanswer a
    ON a.agency_id = %s AND a.caller_id = %s AND a.key_digest = %s AND a.expires_at > clock_timestamp()
"""
# One that is over makes room for the next with its key.
_WRITE = """
INSERT INTO agency_storedanswer
       (id, agency_id, caller_id, key_digest, request_digest, client_ids, status, answer, began_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), clock_timestamp() + %s * interval '1 second')
    ON CONFLICT (agency_id, caller_id, key_digest) DO UPDATE
   SET id = EXCLUDED.id, request_digest = EXCLUDED.request_digest, client_ids = EXCLUDED.client_ids,
       status = EXCLUDED.status, answer = EXCLUDED.answer, began_at = EXCLUDED.began_at, expires_at = EXCLUDED.expires_at
 WHERE agency_storedanswer.expires_at <= clock_timestamp()
"""
_SETTLE = "UPDATE agency_storedanswer SET status = %s, answer = %s WHERE agency_id = %s AND id = %s"


class KeyInUse(Conflict):
    """The first call with this key is still being worked on."""

    code, title = "idempotency_key_in_use", "The first call with this key is under way"
    headers = MappingProxyType({"Retry-After": "1"})


class KeyReused(DomainError):
    """The key belongs to another call."""

    code, status, title = "idempotency_key_reused", 422, "This key was used for another call"


class AnswerNotKept(Conflict):
    """The call was carried out, and its answer can't be given again."""

    code, title = "answer_not_kept", "It was done, and its answer wasn't kept"


class OutcomeUnknown(Conflict):
    """The call was begun and broken off, after something may have gone out."""

    code, title = "outcome_unknown", "Nobody knows whether it was done"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One call with a key.

    Attributes:
        key_digest, request_digest: SHA-256 in hex of the key, and of all that was asked.
    """

    by: Actor
    key_digest: str
    request_digest: str

    @property
    def lock(self) -> int:
        """64 bits of (agency, caller, key), for an advisory lock."""
        whole = f"{self.by.agency_id}:{self.by.id}:{self.key_digest}".encode()
        return int.from_bytes(hashlib.sha256(whole).digest()[:8], signed=True)


def answer_again(call: Call) -> Answer | None:
    """What the same call was answered; None: it is the first, and nobody else works on it until the transaction ends.

    Raises:
        KeyInUse, KeyReused, AnswerNotKept, OutcomeUnknown.
        Forbidden: the caller works for fewer clients by now.
    """
    got_lock, pk, *rest = _look(call)
    if got_lock and pk is None:
        # Somebody may have held the lock, and committed, after this look began.
        got_lock, pk, *rest = _look(call)
    asked, clients, status, sealed, is_old = rest
    if pk is not None and asked != call.request_digest:
        raise KeyReused(
            "This Idempotency-Key was sent with another call before: its method, path, query, If-Match or body differ. "
            "Send each new call with a new key."
        )
    if not got_lock or (pk is not None and status is None and not is_old):
        raise KeyInUse(
            "The first call with this Idempotency-Key is still under way. Send it again in a moment."
        )
    if pk is None:
        return None
    _check_clients(clients, call.by)
    if status is None:
        raise OutcomeUnknown(
            "This call was begun and broken off, so that nobody knows whether anything went out. "
            "Look first, and then send it with a new Idempotency-Key if you need to."
        )
    return _open(call, pk, status, sealed)


def _look(call: Call) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            _LOOK, [call.lock, LONGEST_CALL.total_seconds(), call.by.agency_id, call.by.id, call.key_digest]
        )
        found: Sequence[Any] = cursor.fetchone()
    return found


def keep_answer(call: Call, answer: Answer) -> None:
    """Keep what a call is answered, in the transaction of its effect.

    Raises:
        KeyInUse: another call with this key was quicker, so that this one must not happen.
    """
    _write(call, new_id(), answer)


def reserve(call: Call) -> UUID:
    """Write down that a call begins whose effect is outside the database. Nobody begins it again.

    Raises:
        KeyInUse: another one was quicker.
    """
    return _write(call, new_id(), None)


def settle(call: Call, answer_id: UUID, answer: Answer) -> None:
    """Keep the answer of a call that was begun by `reserve`."""
    sealed = _seal(call, answer_id, answer)
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [answer.status, sealed, call.by.agency_id, answer_id])


def forget_answers() -> None:
    """Keep of the agency's answers only that they were given: any of them may tell of what has just been erased.

    The rows stay, so that no call is carried out a second time.
    """
    StoredAnswer.objects.exclude(answer="").update(answer="")


def _write(call: Call, pk: UUID, answer: Answer | None) -> UUID:
    by = call.by
    clients = None if by.clients is None else sorted(by.clients)
    status, sealed = (answer.status, _seal(call, pk, answer)) if answer else (None, "")
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            [
                pk,
                by.agency_id,
                by.id,
                call.key_digest,
                call.request_digest,
                clients,
                status,
                sealed,
                KEPT.total_seconds(),
            ],
        )
        if not cursor.rowcount:
            raise KeyInUse("Another call with this Idempotency-Key was quicker. Send it again in a moment.")
    return pk


def _check_clients(then: list[UUID] | None, by: Actor) -> None:
    if by.clients is not None and (then is None or not by.clients.issuperset(then)):
        raise Forbidden(
            "This was answered while you worked for more clients than now, so it isn't told again."
        )


def _seal(call: Call, pk: UUID, answer: Answer) -> str:
    """Headers and body, small and sealed for their row; "" where there is too much of it."""
    if len(answer.body) > MOST:
        return ""
    row = StoredAnswer(pk=pk, agency_id=call.by.agency_id)
    packed = zlib.compress(orjson.dumps(answer.headers) + b"\n" + answer.body, 1)
    put(row, "answer", base64.b64encode(packed).decode())
    return str(row.answer)


def _open(call: Call, pk: UUID, status: int, sealed: str) -> Answer:
    row = StoredAnswer(pk=pk, agency_id=call.by.agency_id, answer=sealed)
    try:
        text = opened(row, "answer")
    except VaultError:
        text = ""
    if not text:
        raise AnswerNotKept(
            f"This call was carried out and answered with {status}, but its answer can't be given again. "
            "Read what it made or changed instead."
        )
    headers, _, body = zlib.decompress(base64.b64decode(text)).partition(b"\n")
    return Answer(status, orjson.loads(headers), body)

"""Rotation: a new secret for the same key, with an overlap in which the old one works beside it."""

from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.keys import (
    check_end,
    check_reach,
    locked_key,
    new_secret,
    token_of,
    warn_before_it_ends,
)
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.models import ApiKey
from agency.queries.keys import key_digest
from agency.rights import Right

OVERLAP, LONGEST = timedelta(hours=24), timedelta(days=7)


class RotationUnderWay(Conflict):
    code, title = "rotation_under_way", "This key's old secret still works"


def rotate_key(
    key_id: UUID,
    *,
    overlap: timedelta = OVERLAP,
    ends: bool = False,
    expires_at: datetime | None = None,
    by: Actor,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Give a key a new secret: it keeps its id, name, rights, clients and history.

    Args:
        overlap: how long the old secret works on.
        ends: whether the key's end becomes `expires_at` (None: it has none then); otherwise it stays as it is.

    Returns:
        The key, and its token with the new secret, which is stored nowhere.

    Raises:
        NotFound; KeyOver; RotationUnderWay: the secret before still works; Invalid: an overlap that isn't 0 to 7 days, or a
        wrong end; Forbidden: a key that may do more than who rotates it.
    """
    by.require(Right.KEYS)
    if not timedelta(0) <= overlap <= LONGEST:
        raise Invalid.field("overlap", "Between none at all and 7 days.")
    key = locked_key(key_id, by=by, now=now)
    check_reach(key, by)
    if ends:
        check_end(expires_at, by=by, now=now)
    if key.old_digest and key.old_until is not None and key.old_until > now:
        raise RotationUnderWay(
            f"Its old secret works until {key.old_until:%Y-%m-%d %H:%M} UTC. End that first, or wait."
        )
    secret = new_secret()
    key.old_digest = key.digest if overlap else ""
    key.old_until = now + overlap if overlap else None
    key.old_used_at, key.rotated_at, key.digest = None, now, key_digest(secret)
    key.expires_at = expires_at if ends else key.expires_at
    key.save(update_fields=["digest", "old_digest", "old_until", "old_used_at", "rotated_at", "expires_at"])
    warn_before_it_ends(key, now=now)
    details = {"overlap": overlap.total_seconds(), "prefix": key.prefix}
    end = {"ends": key.expires_at.isoformat() if key.expires_at else None} if ends else {}
    record("key.rotated", by=by, subject=key, now=now, details={**details, **end})
    emit(
        "key.rotated",
        subject=key,
        now=now,
        data={"old_until": key.old_until.isoformat() if key.old_until else None},
    )
    return key, token_of(key, secret)


def end_old_secret(key_id: UUID, *, by: Actor, now: datetime) -> ApiKey:
    """Stop the old secret of a rotation before its time; nothing where it is over already.

    Raises:
        NotFound; KeyOver.
    """
    by.require(Right.KEYS)
    key = locked_key(key_id, by=by, now=now)
    still = bool(key.old_digest) and key.old_until is not None and key.old_until > now
    if still:
        key.old_digest, key.old_until = "", None
        key.save(update_fields=["old_digest", "old_until"])
        record("key.old_secret_ended", by=by, subject=key, now=now, details={"prefix": key.prefix})
        emit("key.old_secret_ended", subject=key, now=now)
    return key

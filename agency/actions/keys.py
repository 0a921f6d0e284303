"""API keys: a prefix to find them by, and a secret that is shown once."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from agency.actions.alarms import clear_alarms, set_alarm
from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor, ActorKind
from agency.errors import Conflict, Forbidden, Invalid, NotFound
from agency.key_ends import ENDS, next_warning
from agency.models import ApiKey
from agency.queries.keys import KEY_MARK, key_digest, keys_made_by
from agency.rights import Right

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class KeyOver(Conflict):
    code, title = "key_over", "This key is over"


def make_key(
    *,
    name: str,
    rights: Sequence[str],
    expires_at: datetime | None,
    clients: Sequence[UUID] | None = None,
    rate: int | None = None,
    by: Actor,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its token `esk_<prefix>_<secret>`, which is stored nowhere.

    Args:
        clients: the only ones that it is for; None: all.
        rate: calls a minute; None: as many as every key.

    Raises:
        Invalid: no right, an unknown one, an end that is past, or one after the key's that makes it; Forbidden: a right
            that the maker doesn't have.
    """
    by.require(Right.KEYS)
    _check_rights(rights, by)
    check_end(expires_at, by=by, now=now)
    _check_rate(rate)
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    secret = new_secret()
    key = ApiKey(
        agency_id=by.agency_id,
        name=name,
        prefix=prefix,
        digest=key_digest(secret),
        rights=sorted(set(rights)),
        client_ids=None if clients is None else list(clients),
        rate=rate,
        created_by_id=by.member_id,
        made_by_key_id=by.id if by.kind is ActorKind.KEY else None,
        expires_at=expires_at,
    )
    key.save(force_insert=True)
    warn_before_it_ends(key, now=now)
    record("key.made", by=by, subject=key, now=now, details=_told(key))
    emit("key.made", subject=key, now=now)
    return key, token_of(key, secret)


def change_key(key_id: UUID, *, changes: dict[str, Any], by: Actor, now: datetime) -> ApiKey:
    """Change `name` or `rate`, or narrow `rights`, `client_ids` or `expires_at`: what a key may never grows.

    Raises:
        NotFound; KeyOver; Invalid: naming what would grow; Forbidden: a key that may do more than who changes it.
    """
    by.require(Right.KEYS)
    key = locked_key(key_id, by=by, now=now)
    fields = ("name", "rate", "rights", "client_ids", "expires_at")
    after = {field: _sorted(value) for field, value in changes.items() if field in fields}
    before = {field: _sorted(getattr(key, field)) for field in fields}
    changed = differences(before, after)
    if not changed:
        return key
    if changed.keys() - {"name"}:
        check_reach(key, by)
    _check_narrower(key, {field: after[field] for field in changed}, now)
    for field in changed:
        setattr(key, field, after[field])
    key.save(update_fields=list(changed))
    if "expires_at" in changed:
        warn_before_it_ends(key, now=now)
    record("key.changed", by=by, subject=key, now=now, details=_told_change(changed))
    emit("key.changed", subject=key, now=now, data={"changed": sorted(changed)})
    return key


def revoke_key(key: ApiKey, *, made_too: bool = False, by: Actor, now: datetime) -> list[ApiKey]:
    """Stop a key at once, by each of its secrets.

    Args:
        made_too: those that it made, too, and those that they made.

    Returns:
        Those that stopped now.
    """
    by.require(Right.KEYS)
    wanted = [key, *(keys_made_by(key) if made_too else ())]
    rows = ApiKey.objects.select_for_update(of=("self",)).filter(
        pk__in=[one.pk for one in wanted], revoked_at=None
    )
    stopped = list(rows.order_by("id"))
    for one in stopped:
        one.revoked_at, one.old_digest, one.old_until = now, "", None
        one.save(update_fields=["revoked_at", "old_digest", "old_until"])
        because = {} if one.pk == key.pk else {"why": f"“{key.name}” made it"}
        record("key.revoked", by=by, subject=one, now=now, details={"prefix": one.prefix, **because})
        emit("key.revoked", subject=one, now=now)
    clear_alarms(ENDS, [one.pk for one in stopped])
    return stopped


# What keys have in common ---------------------------------------------------------------------------------


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def token_of(key: ApiKey, secret: str) -> str:
    return f"{KEY_MARK}_{key.prefix}_{secret}"


def locked_key(key_id: UUID, *, by: Actor, now: datetime) -> ApiKey:
    """The key, for changing it.

    Raises:
        NotFound; KeyOver: it was revoked, or its end is past.
    """
    rows = ApiKey.objects.select_for_update(of=("self",)).filter(pk=key_id, agency_id=by.agency_id)
    key = rows.first()
    if key is None:
        raise NotFound
    if key.revoked_at is not None:
        raise KeyOver("This key is revoked, and that can't be undone. Make a new one.")
    if key.expires_at is not None and key.expires_at <= now:
        raise KeyOver("This key has ended. Make a new one.")
    return key


def warn_before_it_ends(key: ApiKey, *, now: datetime) -> None:
    """Wake when its owners are to be told that it ends; instead of what was set for another end."""
    due_at = next_warning(key.expires_at, after=now)
    if due_at is None:
        clear_alarms(ENDS, [key.pk])
    else:
        set_alarm(ENDS, key.pk, due_at)


def check_reach(key: ApiKey, by: Actor) -> None:
    """Who gets hold of a key's secret, or steers it, could do what it does.

    Raises:
        Forbidden: it may do more than they, or goes on after the key by which they came.
    """
    missing = [right for right in key.rights if right in Right.values and not by.may(Right(right))]
    if missing:
        raise Forbidden(f"This key may do more than you: {', '.join(missing)}.")
    last = _end_of(by)
    if last is not None and (key.expires_at is None or key.expires_at > last):
        raise Forbidden("This key goes on after the one that asks.")


def check_end(expires_at: datetime | None, *, by: Actor, now: datetime) -> None:
    """Raises: Invalid: an end that is past, or one after the end of the key that asks."""
    if expires_at is not None and expires_at <= now:
        raise Invalid.field("expires_at", "That time is over. Choose a later one, or none.")
    last = _end_of(by)
    if last is not None and (expires_at is None or expires_at > last):
        raise Invalid.field(
            "expires_at", "A key can't outlive the one that makes it: choose an end before its."
        )


def _end_of(by: Actor) -> datetime | None:
    own = ApiKey.objects.filter(pk=by.id).first() if by.kind is ActorKind.KEY and by.id else None
    return own.expires_at if own else None


def _check_rights(rights: Sequence[str], by: Actor) -> None:
    unknown = [right for right in rights if right not in Right.values]
    if unknown or not rights:
        raise Invalid.field("rights", f"Choose what the key may do: {', '.join(Right.values)}.")
    missing = [right for right in rights if not by.may(Right(right))]
    if missing:
        raise Forbidden(f"A key can't do more than who makes it: {', '.join(missing)}.")


def _check_rate(rate: int | None) -> None:
    most = settings.API_RATE_MOST
    if rate is not None and not 1 <= rate <= most:
        raise Invalid.field("rate", f"Between 1 and {most} calls a minute, or none for the usual limit.")


def _check_narrower(key: ApiKey, after: dict[str, Any], now: datetime) -> None:
    if "rights" in after and (not after["rights"] or set(after["rights"]) - set(key.rights)):
        raise Invalid.field(
            "rights", "A key's rights can only become fewer, and one stays. Make a new key for more."
        )
    clients = after.get("client_ids", key.client_ids)
    if key.client_ids is not None and (clients is None or set(clients) - set(key.client_ids)):
        raise Invalid.field("clients", "A key's clients can only become fewer. Make a new key for more.")
    if "expires_at" in after:
        end = after["expires_at"]
        if key.expires_at is not None and (end is None or end > key.expires_at):
            raise Invalid.field(
                "expires_at", "A key's end can only come nearer. To let it go on for longer, rotate it."
            )
        if end is not None and end <= now:
            raise Invalid.field("expires_at", "That time is over. To stop the key at once, revoke it.")
    _check_rate(after.get("rate", key.rate))


def _sorted(value: Any) -> Any:
    return sorted(set(value)) if isinstance(value, list) else value


def _told(key: ApiKey) -> dict[str, Any]:
    limit = {} if key.client_ids is None else {"clients": [str(client_id) for client_id in key.client_ids]}
    rate = {} if key.rate is None else {"rate": key.rate}
    end = {} if key.expires_at is None else {"ends": key.expires_at.isoformat()}
    return {"rights": key.rights, "prefix": key.prefix, **limit, **rate, **end}


def _told_change(changed: dict[str, list[Any]]) -> dict[str, Any]:
    """As the log keeps it: ids of clients and no names, times as text."""
    called = {"client_ids": "works_for", "expires_at": "ends"}
    return {called.get(field, field): [_plain(value) for value in pair] for field, pair in changed.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [str(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value

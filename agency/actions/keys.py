"""API keys: a prefix to find them by, and a secret that is shown once."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agency.actions.audit import record
from agency.actor import Actor, ActorKind
from agency.errors import Forbidden, Invalid
from agency.models import ApiKey
from agency.queries.people import KEY_MARK, key_digest
from agency.rights import Right

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def make_key(
    *,
    name: str,
    rights: Sequence[str],
    expires_at: datetime | None,
    clients: Sequence[UUID] | None = None,
    by: Actor,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its token `esk_<prefix>_<secret>`, which is stored nowhere.

    Args:
        clients: the only ones that it is for; None: all.

    Raises:
        Invalid: no right, an unknown one, an end that is past, or one after the key's that makes it; Forbidden: a right that the maker doesn't have.
    """
    by.require(Right.KEYS)
    unknown = [right for right in rights if right not in Right.values]
    if unknown or not rights:
        raise Invalid.field("rights", f"Choose what the key may do: {', '.join(Right.values)}.")
    if expires_at is not None and expires_at <= now:
        raise Invalid.field("expires_at", "That time is over. Choose a later one, or none.")
    _check_end(expires_at, by)
    missing = [right for right in rights if not by.may(Right(right))]
    if missing:
        raise Forbidden(f"A key can't do more than who makes it: {', '.join(missing)}.")
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        agency_id=by.agency_id,
        name=name,
        prefix=prefix,
        digest=key_digest(secret),
        rights=sorted(set(rights)),
        client_ids=None if clients is None else list(clients),
        created_by_id=by.member_id,
        expires_at=expires_at,
    )
    key.save(force_insert=True)
    record("key.made", by=by, subject=key, now=now, details=_told(key))
    return key, f"{KEY_MARK}_{prefix}_{secret}"


def _check_end(expires_at: datetime | None, by: Actor) -> None:
    """A key that ends makes none that goes on after it."""
    maker = ApiKey.objects.filter(pk=by.id).first() if by.kind is ActorKind.KEY and by.id else None
    last = maker.expires_at if maker else None
    if last is not None and (expires_at is None or expires_at > last):
        raise Invalid.field(
            "expires_at", "A key can't outlive the one that makes it: choose an end before its."
        )


def _told(key: ApiKey) -> dict[str, Any]:
    limit = {} if key.client_ids is None else {"clients": [str(client_id) for client_id in key.client_ids]}
    return {"rights": key.rights, "prefix": key.prefix, **limit}


def revoke_key(key: ApiKey, *, by: Actor, now: datetime) -> ApiKey:
    """Stop a key at once."""
    by.require(Right.KEYS)
    if key.revoked_at is None:
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        record("key.revoked", by=by, subject=key, now=now, details={"prefix": key.prefix})
    return key

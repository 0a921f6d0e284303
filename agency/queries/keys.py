"""API keys: who signs in by one, and which there are."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, CharField, Q, QuerySet, Value, When

from agency.actor import Actor, ActorKind
from agency.errors import NotFound
from agency.models import ApiKey
from agency.queries.people import rights_within
from agency.rights import ROLE_RIGHTS, Right, Role
from agency.statements import Statement, ask

KEY_MARK = "esk"
# A key's use is noted so often: not a write for every call.
NOTED_EVERY = timedelta(minutes=1)
_LONGEST = 200
_RIGHTS = {right.value: right for right in Right}

# Always one row, with the database's time: one question, whatever is wrong with a token, and none besides for the clock.
_LOOK = """
SELECT clock_timestamp(), key.id, key.agency_id, key.name, key.prefix, key.rights, key.client_ids, key.rate,
       key.expires_at, key.revoked_at, key.last_used_at, key.last_used_from, key.digest = $1, key.old_until,
       key.old_used_at, agency.erasing_at, key.created_by_id, maker.role, maker.client_ids, maker.left_at,
       person.is_active
  FROM (SELECT) AS always
  LEFT JOIN agency_apikey AS key ON {which}
  LEFT JOIN agency_agency AS agency ON agency.id = key.agency_id
  LEFT JOIN agency_membership AS maker ON maker.id = key.created_by_id
  LEFT JOIN agency_user AS person ON person.id = maker.user_id
"""
_OF_DIGEST = "(key.digest = $1 OR key.old_digest = $1)"
_BY_TOKEN = Statement(_LOOK.format(which=f"key.prefix = $2 AND {_OF_DIGEST}"), binary=True)
_BY_ID = Statement(_LOOK.format(which=f"key.id = $2 AND key.agency_id = $3 AND {_OF_DIGEST}"), binary=True)
# Whoever notes it at this moment holds the row: the others go on, theirs is the same minute.
_NOTE = """
UPDATE agency_apikey
   SET last_used_at = %(now)s, last_used_from = %(address)s,
       old_used_at = CASE WHEN %(by_old)s::bool THEN %(now)s ELSE old_used_at END
 WHERE id = (SELECT id FROM agency_apikey WHERE id = %(id)s FOR NO KEY UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key as a sign-in reads it, with who made it.

    Attributes:
        by_new: whether it was found by its present secret, not by the one before the rotation.
        rate: calls a minute; None: as many as every key.
    """

    id: UUID
    agency_id: UUID
    name: str
    prefix: str
    rights: list[str]
    client_ids: list[UUID] | None
    rate: int | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str
    by_new: bool
    old_until: datetime | None
    old_used_at: datetime | None
    erasing_at: datetime | None
    maker_id: UUID | None
    maker_role: str | None
    maker_clients: list[UUID] | None
    maker_left_at: datetime | None
    maker_is_active: bool | None
    digest: str = field(repr=False)

    def lets_in(self, now: datetime) -> bool:
        """Not revoked, not over, of an agency that isn't going to be erased, and its maker is still there.

        Who is removed takes their keys along; the last condition holds for one that they make at that very moment, too.
        """
        return (
            self.revoked_at is None
            and self.erasing_at is None
            and (self.expires_at is None or self.expires_at > now)
            and (self.by_new or (self.old_until is not None and self.old_until > now))
            and (self.maker_id is None or (self.maker_left_at is None and bool(self.maker_is_active)))
        )


def key_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def look_up(token: str) -> tuple[datetime, FoundKey | None] | None:
    """The database's time, and the key of a token `esk_<prefix>_<secret>`, live or not.

    Returns:
        None for what has no such form: it isn't looked up.
    """
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or not prefix or not secret or len(token) > _LONGEST or not token.isascii():
        return None
    if "\x00" in token:  # what the database can't even be asked for
        return None
    return _look(_BY_TOKEN, key_digest(secret), prefix)


def _look(statement: Statement, digest: str, *which: Any) -> tuple[datetime, FoundKey | None]:
    ((at, *row),) = ask(statement, [digest, *which])
    found: tuple[Any, ...] = (*row, digest)
    return at, FoundKey(*found) if row[0] is not None else None


def find_key(token: str, *, now: datetime) -> FoundKey | None:
    """The live key of a token; None for every other, whatever is wrong with it."""
    looked = look_up(token)
    key = looked[1] if looked else None
    return key if key is not None and key.lets_in(now) else None


def find_again(actor: Actor, *, now: datetime) -> FoundKey | None:
    """The key by which somebody came in, if its same secret still lets them in."""
    _, key = _look(_BY_ID, actor.secret_digest, actor.id, actor.agency_id)
    return key if key is not None and key.lets_in(now) else None


def actor_of_key(key: FoundKey, *, address: str = "") -> Actor:
    """With the key's rights and clients, as far as who made it has them still."""
    rights = frozenset(_RIGHTS[right] for right in key.rights if right in _RIGHTS)
    clients = None if key.client_ids is None else frozenset(key.client_ids)
    if key.maker_role is not None:
        rights &= ROLE_RIGHTS[Role(key.maker_role)]
        if key.maker_clients is not None:
            makers = frozenset(key.maker_clients)
            clients = makers if clients is None else clients & makers
    return Actor(
        kind=ActorKind.KEY,
        agency_id=key.agency_id,
        id=key.id,
        name=key.name,
        rights=rights_within(rights, clients),
        role="API key",
        address=address,
        member_id=key.maker_id if key.maker_left_at is None else None,
        clients=clients,
        rate=key.rate,
        secret_digest=key.digest,
    )


def note_use(key: FoundKey, *, address: str, now: datetime) -> None:
    """Remember when a key was last used and where from, to the minute, and never wait for it."""
    noted = key.last_used_at if key.by_new else key.old_used_at
    if noted is None or now - noted > NOTED_EVERY:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, {"id": key.id, "now": now, "address": address, "by_old": not key.by_new})


# What there is ----------------------------------------------------------------------------------------


def list_keys(*, by: Actor, now: datetime) -> "QuerySet[Any]":
    """All keys, those that are over, too; each with its `state`, and whether it `has_old_secret` that works."""
    by.require(Right.KEYS)
    stopped = Q(created_by__left_at__isnull=False) | Q(created_by__user__is_active=False)
    state = Case(
        When(revoked_at__isnull=False, then=Value("revoked")),
        When(expires_at__lte=now, then=Value("ended")),
        When(stopped, then=Value("stopped")),
        default=Value("live"),
        output_field=CharField(),
    )
    keys: QuerySet[Any] = (
        ApiKey.objects.filter(agency_id=by.agency_id)
        .select_related("created_by__user", "made_by_key")
        .annotate(state=state, has_old_secret=Q(old_until__gt=now) & ~Q(old_digest=""))
    )
    return keys


def get_key(key_id: UUID, *, by: Actor, now: datetime) -> Any:
    """With its `state`, as `list_keys`.

    Raises:
        NotFound.
    """
    key = list_keys(by=by, now=now).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    return key


def keys_made_by(key: ApiKey) -> list[ApiKey]:
    """Those that this key made and that aren't revoked, and those that they made, oldest first."""
    rows = ApiKey.objects.filter(agency_id=key.agency_id, made_by_key__isnull=False).order_by(
        "created_at", "id"
    )
    of: dict[UUID | None, list[ApiKey]] = {}
    for row in rows:
        of.setdefault(row.made_by_key_id, []).append(row)
    found, makers = [], [key.pk]
    while makers:
        made = of.pop(makers.pop(), [])
        found += made
        makers += [row.pk for row in made]
    return [row for row in found if row.revoked_at is None]

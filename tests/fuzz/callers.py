"""The three who call: an owner's key, a key limited to one client, and somebody who belongs elsewhere or nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agency.actions.keys import make_key
from agency.models import ApiKey
from agency.rights import Right
from agency.tenancy import tenant
from mentions.models import Mention
from tests.contracts.world import World, make_world

NAMES = ("owner", "limited", "stranger")


@dataclass(frozen=True)
class Caller:
    """One who calls.

    Attributes:
        tokens: of their keys, tried in turns; empty: without one.
        ids: what stands for the parameters of addresses and the ids in bodies, the likelier first.
        agency: whose rows these are.
    """

    name: str
    tokens: tuple[str, ...]
    ids: tuple[Mapping[str, str], ...]
    agency: Any

    def version_of(self, mention_id: str) -> int | None:
        with tenant(self.agency):
            return Mention.objects.filter(pk=mention_id).values_list("version", flat=True).first()


def settle(mark: str, *, now: datetime) -> dict[str, Caller]:
    """Two agencies and their callers. The keys that call aren't among the ids that are tried."""
    ours, theirs = make_world(mark, now=now), make_world(f"{mark}rival", now=now)
    one, two = _ids(ours, ours.one), _ids(ours, ours.two)
    worked = {**one, "mention_id": one["worked_id"]}
    owner = _key(ours, list(Right), now)
    limited = _key(ours, [Right.READ, Right.RESPOND], now)
    with tenant(ours.agency_id):
        ApiKey.objects.filter(name=f"{mark} {Right.READ}{Right.RESPOND}").update(
            client_ids=[ours.one.ids["client_id"]]
        )
    rival = _key(theirs, list(Right), now)
    return {
        "owner": Caller("owner", (owner,), (one, worked, two), ours.agency_id),
        "limited": Caller("limited", (limited,), (one, worked, two), ours.agency_id),
        "stranger": Caller("stranger", (rival, "", "esk_unknown"), (one, worked, two), ours.agency_id),
    }


def _ids(world: World, part: Any) -> dict[str, str]:
    return {name: str(pk) for name, pk in world.names(part).items()}


def _key(world: World, rights: list[Right], now: datetime) -> str:
    name = f"{world.mark} {''.join(rights) if len(rights) < len(Right) else 'everything'}"
    with tenant(world.agency_id):
        _, token = make_key(name=name, rights=rights, expires_at=None, by=world.owner, now=now)
    return token

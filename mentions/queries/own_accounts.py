"""The clients' own accounts."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from agency.actor import Actor
from agency.rights import Right
from clients.models import Client
from mentions.accounts import digest_of_author
from mentions.models import OwnAccount


class OwnAccounts:
    """Whose account somebody posted with."""

    def __init__(self, rows: Iterable[tuple[str, UUID]]) -> None:
        self._clients: defaultdict[str, set[UUID]] = defaultdict(set)
        for digest, client_id in rows:
            self._clients[digest].add(client_id)

    def __bool__(self) -> bool:
        return bool(self._clients)

    def clients_of(self, *, name: str, url: str) -> set[UUID]:
        """The clients whose own this account is: one or none, mostly."""
        if not self._clients:
            return set()
        return self._clients.get(digest_of_author(name=name, url=url), set())


def own_accounts_of(clients: Iterable[UUID]) -> OwnAccounts:
    """Of these clients, in one query."""
    rows = OwnAccount.objects.filter(client_id__in=list(clients))
    return OwnAccounts(rows.values_list("digest", "client_id"))


def list_own_accounts(client: Client, *, by: Actor) -> list[OwnAccount]:
    by.require(Right.READ)
    return list(OwnAccount.objects.filter(client=client).order_by("account", "id"))

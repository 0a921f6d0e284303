"""How far an agency is with setting up: what the start guide shows until work comes in."""

from dataclasses import dataclass

from agency.actor import Actor
from agency.queries.people import list_members
from agency.rights import Right
from clients.models import Client, Query
from clients.queries.contacts import contacts_who_may
from clients.words import ContactRight
from mentions.models import Mention, Source


@dataclass(frozen=True, slots=True)
class Start:
    client: Client | None
    listens: bool
    has_approver: bool
    has_source: bool
    has_team: bool
    has_mentions: bool

    @property
    def is_listening(self) -> bool:
        """From here on mentions come by themselves."""
        return self.client is not None and self.listens and self.has_source


def how_far(*, by: Actor) -> Start:
    """`client` is the first one, which the next steps are about."""
    by.require(Right.READ)
    return Start(
        client=Client.objects.filter(archived_at=None).order_by("created_at", "id").first(),
        listens=Query.objects.filter(current=True, client__archived_at=None).exists(),
        has_approver=contacts_who_may(ContactRight.DECIDE).exists(),
        has_source=Source.objects.exists(),
        has_team=list_members(by=by).count() > 1,
        has_mentions=Mention.objects.exists(),
    )

"""Which agencies a session may enter: it says how the person signed in, and agencies say how they must.

A session that an agency's identity provider began enters that agency alone. The provider may name anybody, so it must
open nothing of another agency and nothing of the person's own account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from agency.errors import Forbidden
from agency.models import Agency, IdentityProvider, Membership, User
from agency.queries.identity import sign_in_url
from agency.queries.people import ENTERS, pick_membership
from agency.rights import Role

# The session's keys: the one agency that it may enter, and the provider with its epoch, as `<id>:<epoch>`.
ONLY, ONLY_BY = "agency_only", "agency_only_by"


class UseProvider(Forbidden):
    """The agency asks its members to sign in with its identity provider.

    Attributes:
        sign_in_url: where they do.
    """

    code, title = "identity_provider_required", "Sign in with your agency's account"

    def __init__(self, provider: IdentityProvider) -> None:
        self.provider_name, self.sign_in_url = provider.name, sign_in_url(provider.code)
        super().__init__(f"{provider.agency.name} asks its members to sign in with {provider.name}.")


@dataclass(frozen=True, slots=True)
class Doors:
    """What a session may enter.

    Attributes:
        open: the person's places that it may enter, oldest first.
        asking: those that ask for a sign-in by their identity provider first.
    """

    open: list[Membership]
    asking: list[Membership]

    def enter(self, preferred: str | None) -> Membership | None:
        """The place to work in: the preferred agency's, else the first; None: they have none.

        Raises:
            UseProvider: all that they have ask for a sign-in by an identity provider.
        """
        if self.open:
            return pick_membership(self.open, preferred)
        wanted = pick_membership(self.asking, preferred)
        if wanted is not None:
            raise UseProvider(wanted.agency.identity_provider)
        return None

    def beside(self, entered: Membership) -> list[Agency]:
        """The further agencies that the person may go to."""
        return [place.agency for place in (*self.open, *self.asking) if place.pk != entered.pk]


def is_confined(session: Mapping[str, Any]) -> bool:
    """Whether an identity provider began this session. Its second factor is the provider's business."""
    return bool(session.get(ONLY))


def only_agency(session: Mapping[str, Any]) -> UUID | None:
    """The one agency that the session is for; None: an identity provider didn't begin it."""
    return UUID(str(session[ONLY])) if is_confined(session) else None


def doors(user: User, session: Mapping[str, Any]) -> Doors:
    """One query, whoever asks."""
    places = (
        Membership.objects.filter(ENTERS, user=user, left_at=None)
        .select_related("agency", "user")
        .order_by("created_at", "id")
    )
    if is_confined(session):
        return Doors(list(places.filter(_of_session(session))), [])
    asked = IdentityProvider.objects.filter(agency=OuterRef("agency"), only_way=True, disabled_at=None)
    mine: list[Any] = list(places.annotate(asks_for_provider=Exists(asked)))
    asking = [place for place in mine if place.asks_for_provider and place.role != Role.OWNER]
    return Doors([place for place in mine if place not in asking], asking)


def _of_session(session: Mapping[str, Any]) -> Q:
    """The session's agency, as long as the provider that began it is there, and the same."""
    provider, _, epoch = str(session.get(ONLY_BY) or "").partition(":")
    try:
        return Q(
            agency_id=UUID(str(session[ONLY])),
            agency__identity_provider__pk=UUID(provider),
            agency__identity_provider__epoch=int(epoch),
            agency__identity_provider__disabled_at=None,
        )
    except ValueError:
        return Q(pk__in=[])

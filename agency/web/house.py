"""Who looks at a page, from where, and what the frame around the page shows of it."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from agency.actor import Actor
from agency.models import Agency, Membership
from agency.queries.people import actor_of_member, memberships_of, pick_membership
from agency.rights import Right
from agency.web.address import client_address

# The session's key for the agency that a person with several works in; the API's sessions read it too.
CHOSEN = "agency_id"
NEEDED: dict[str, Right] = {"keys": Right.KEYS, "activity": Right.AUDIT}


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: str
    email: str


@dataclass(slots=True)
class House:
    """`others` are further agencies that the person has a place in."""

    agency: Agency
    membership: Membership
    actor: Actor
    others: list[Agency] = field(default_factory=list)
    nav: str = ""
    now: datetime | None = None

    @property
    def member(self) -> Person:
        return Person(self.actor.name, self.actor.role, self.membership.user.email)

    @property
    def hidden(self) -> tuple[str, ...]:
        """Pages that the person has no right to, so that nothing leads there."""
        return tuple(page for page, right in NEEDED.items() if not self.actor.may(right))


class PageRequest(HttpRequest):
    """A request as our middleware leaves it; `house` is there once a staff page took it on."""

    user: AbstractBaseUser | AnonymousUser  # type: ignore[assignment]
    htmx: HtmxDetails
    house: House


def find_house(request: PageRequest) -> House | None:
    """None for a person without a place in any agency. Whoever calls knows that they are signed in."""
    mine = memberships_of(request.user)  # type: ignore[arg-type]
    membership = pick_membership(mine, request.session.get(CHOSEN))
    if membership is None:
        return None
    actor = actor_of_member(membership, address=client_address(request))
    others = [other.agency for other in mine if other.pk != membership.pk]
    return House(membership.agency, membership, actor, others)

"""Who looks at a page, from where, and what the frame around the page shows of it."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from agency.actor import Actor
from agency.models import Agency, Membership
from agency.queries.access import lacks_second_factor
from agency.queries.doors import doors, is_confined
from agency.queries.people import actor_of_member, pick_membership
from agency.rights import Right
from agency.web.address import client_address

# The session's key for the agency that a person with several works in; the API's sessions read it too.
CHOSEN = "agency_id"
NEEDED: dict[str, Right] = {"keys": Right.KEYS, "webhooks": Right.KEYS, "activity": Right.AUDIT}


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: str
    email: str


@dataclass(slots=True)
class House:
    """`others` are further agencies that the person has a place in; `needs_second_factor`: this one asks for one first."""

    agency: Agency
    membership: Membership
    actor: Actor
    others: list[Agency] = field(default_factory=list)
    nav: str = ""
    now: datetime | None = None
    needs_second_factor: bool = False

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
    """None for a person without a place in any agency that they may enter like this. They are signed in."""
    found = doors(request.user, request.session)  # type: ignore[arg-type]
    membership = pick_membership(found.open, request.session.get(CHOSEN))
    if membership is None:
        return None
    actor = actor_of_member(membership, address=client_address(request))
    needs = not is_confined(request.session) and lacks_second_factor(membership)
    return House(membership.agency, membership, actor, found.beside(membership), needs_second_factor=needs)

"""What an agency asks of who enters it, and whether who was let in would still be let in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session

from agency.actor import Actor, ActorKind
from agency.errors import Forbidden
from agency.models import Membership, User
from agency.queries.doors import doors, is_confined
from agency.queries.keys import actor_of_key, find_again
from agency.queries.people import actor_of_member
from agency.queries.second_factor import has_second_factor
from agency.rights import Right


class SecondFactorRequired(Forbidden):
    """The agency asks for a second factor, and the person has none yet. Keys go on: they are no person."""

    code, title = "second_factor_required", "Set up a second factor first"

    def __init__(self) -> None:
        super().__init__(
            "This agency asks for a second factor. Set one up on the page of your account, then try again."
        )


def lacks_second_factor(membership: Membership) -> bool:
    """Whether the agency asks for a second factor that this member doesn't have."""
    return membership.agency.second_factor_required and not has_second_factor(membership.user)


def still_may(actor: Actor, right: Right, *, now: datetime, session_key: str | None = None) -> bool:
    """Whether the actor still has the right, and sees the same clients as when they came in.

    For what stays open after it was opened, such as a stream: it asks every 15 seconds or sooner, outside any agency, and
    ends when the answer is no. So who was removed, demoted, signed out or limited to other clients loses it within 30
    seconds.

    Args:
        session_key: of the session that it was opened in; an ended session ends it too.
    """
    session: Mapping[str, Any] | None = {} if session_key is None else _session(session_key, now)
    if session is None:
        return False
    fresh = _fresh(actor, session, now)
    return fresh is not None and fresh.may(right) and fresh.clients == actor.clients


def _fresh(actor: Actor, session: Mapping[str, Any], now: datetime) -> Actor | None:
    """As who they would come in now."""
    if actor.kind is ActorKind.SYSTEM:
        return actor
    if actor.id is None:
        return None
    if actor.kind is ActorKind.KEY:
        key = find_again(actor, now=now)
        return actor_of_key(key) if key else None
    user = User.objects.filter(memberships__pk=actor.id, is_active=True).first()
    if user is None:
        return None
    place = next((place for place in doors(user, session).open if place.pk == actor.id), None)
    if place is None or (not is_confined(session) and lacks_second_factor(place)):
        return None
    return actor_of_member(place)


def _session(session_key: str, now: datetime) -> Mapping[str, Any] | None:
    found = Session.objects.filter(session_key=session_key, expire_date__gt=now).first()
    return found.get_decoded() if found else None

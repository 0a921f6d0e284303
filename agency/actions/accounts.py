"""One's own account."""

from datetime import datetime

from agency.actions.audit import record_for_user
from agency.actions.notices import queue_notice
from agency.models import User
from agency.queries.people import memberships_of
from agency.tenancy import tenant

NEW_PASSWORD = "account.new_password"  # noqa: S105  (a kind of notice)


def rename(user: User, *, name: str, address: str, now: datetime) -> User:
    """Each agency that they work for reads it, so each notes it."""
    before = user.name
    if name != before:
        user.name = name
        user.save(update_fields=["name"])
        record_for_user(user, "account.renamed", address=address, now=now, details={"name": [before, name]})
    return user


def ask_new_password(user: User, *, now: datetime) -> None:
    """Mail a link to a new password, as a notice of the first agency that they work for; nothing where there is none.

    The mail goes out by itself, so that how long the answer takes doesn't say whether there is such an account.
    """
    place = next(iter(memberships_of(user)), None)
    if place is not None:
        with tenant(place.agency_id):
            queue_notice(kind=NEW_PASSWORD, to=user.email, to_name=user.name, subject_id=place.pk, now=now)

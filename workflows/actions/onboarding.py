"""A new agency, ready to work: its first owner, its default promises and a small playbook."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from agency.actions.members import add_member, create_agency
from agency.actor import system
from agency.models import Agency, Membership
from agency.rights import Role
from agency.tenancy import tenant
from clients.actions.clients import check_zone
from clients.actions.policies import set_sla_policy
from clients.actions.templates import add_template
from clients.words import ReplyKind
from workflows.actions.housekeeping import begin_housekeeping

PLAYBOOK = [
    (
        "Thank you",
        ReplyKind.THANK_YOU,
        "Hi {author}, thank you so much for this! It made our day at {client}.",
    ),
    (
        "We hear you",
        ReplyKind.WE_HEAR_YOU,
        "Hi {author}, thank you for telling us, and we're sorry it went this way. We're looking into it right now.",
    ),
    (
        "Ask to talk",
        ReplyKind.ASK_TO_TALK,
        "Hi {author}, we'd like to put this right. Could you send us your order number in a private message? {me}, {client}",
    ),
    (
        "Pass on an idea",
        ReplyKind.ROUTE_IDEA,
        "Hi {author}, that's a good idea. We've passed it on to the people at {client} who can make it happen.",
    ),
]


def open_agency(
    *, name: str, time_zone: str, owner_email: str, owner_name: str, now: datetime, invite: bool = True
) -> tuple[Agency, Membership]:
    """Raises: Invalid, when the zone is unknown."""
    check_zone(time_zone)
    with transaction.atomic():
        agency = create_agency(name=name, time_zone=time_zone)
        agency_id: UUID = agency.pk
        with tenant(agency_id):
            by = system(agency_id)
            owner = add_member(
                email=owner_email, name=owner_name, role=Role.OWNER, by=by, now=now, invite=invite
            )
            set_sla_policy(client=None, targets={}, by=by, now=now)
            for title, kind, text in PLAYBOOK:
                add_template(client=None, name=title, kind=kind, text=text, by=by, now=now)
            begin_housekeeping(now=now)
    return agency, owner

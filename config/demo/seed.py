"""The demo agency: made-up people, clients and a source, so that there is something to try at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.members import add_member, change_agency
from agency.actor import Actor
from agency.models import Agency, Membership
from agency.queries.people import actor_of_member
from agency.rights import Role
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from clients.actions.policies import set_approval_policy
from clients.models import ApprovalPolicy
from config.demo.posts import BRANDS
from config.demo.views import AGENCY
from mentions.actions.listening import set_query
from mentions.actions.sources import add_source, change_source
from mentions.models import Source
from workflows.actions.onboarding import open_agency

PEOPLE = (
    ("Mara", "mara@northlight.example", Role.MANAGER),
    ("Ben", "ben@northlight.example", Role.RESPONDER),
    ("Ivo", "ivo@northlight.example", Role.ANALYST),
)
OWNER = ("Ana", "ana@northlight.example", Role.OWNER)


@dataclass(frozen=True, slots=True)
class SignIn:
    name: str
    email: str
    role: str


def sign_ins() -> list[SignIn]:
    return [SignIn(name, email, Role(role).label) for name, email, role in (OWNER, *PEOPLE)]


def seed(*, password: str, base_url: str, now: datetime) -> Agency:
    """Make the demo agency if it isn't there, and point its source to where this installation serves."""
    agency = Agency.objects.filter(name=AGENCY).order_by("created_at").first()
    if agency is None:
        agency, _ = open_agency(
            name=AGENCY,
            time_zone="Europe/Riga",
            owner_email=OWNER[1],
            owner_name=OWNER[0],
            now=now,
            invite=False,
        )
        with tenant(agency.pk):
            _people(agency, password, now)
            _clients(_owner(agency.pk), now)
    with tenant(agency.pk):
        _source(_owner(agency.pk), base_url, now)
    return agency


def _owner(agency_id: UUID) -> Actor:
    owner = Membership.objects.select_related("user").get(agency_id=agency_id, user__email=OWNER[1])
    return actor_of_member(owner)


def _people(agency: Agency, password: str, now: datetime) -> None:
    owner = _owner(agency.pk)
    # Short, so that trying it out isn't waiting.
    change_agency(agency, changes={"undo_seconds": 10}, by=owner, now=now)
    for name, email, role in PEOPLE:
        add_member(email=email, name=name, role=role, by=owner, now=now, invite=False)
    for member in Membership.objects.filter(agency=agency).select_related("user"):
        member.user.set_password(password)
        member.user.save(update_fields=["password"])


def _clients(owner: Actor, now: datetime) -> None:
    for brand in BRANDS:
        client = create_client(name=brand.name, time_zone=brand.time_zone, language="en", by=owner, now=now)
        name, email = brand.approver
        add_contact(client=client, name=name, email=email, parts=["approver", "viewer"], by=owner, now=now)
        set_query(client=client, any_terms=brand.any_terms, none_terms=brand.none_terms, by=owner, now=now)
        if brand.asks != ApprovalPolicy.Asks.CLIENT:
            set_approval_policy(client=client, asks=brand.asks, by=owner, now=now)


def _source(owner: Actor, base_url: str, now: datetime) -> None:
    settings = {"url": f"{base_url}/demo/feed.xml", "reply_url": f"{base_url}/demo/replies"}
    source = Source.objects.filter(name="The demo forum").first()
    if source is None:
        every = timedelta(minutes=5)
        add_source(
            kind="loopback",
            name="The demo forum",
            settings=settings,
            every=every,
            client=None,
            by=owner,
            now=now,
        )
    elif source.settings != settings:
        change_source(source, changes={"settings": settings}, by=owner, now=now)

"""The demo agency: made-up people, clients and a source, so that there is something to try at once."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from agency.actions.members import add_member, change_agency
from agency.actor import Actor
from agency.models import Agency, Membership
from agency.queries.people import actor_of_member
from agency.rights import Role
from agency.tenancy import tenant
from clients.actions.calendars import create_calendar, set_default_calendar
from clients.actions.client_hours import set_client_hours
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from clients.actions.policies import set_approval_policy
from clients.models import ApprovalPolicy, Client
from clients.opening import Opening, OtherDay
from clients.words import Cover
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
            _calendar(_owner(agency.pk), now)
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


def _calendar(owner: Actor, now: datetime) -> None:
    """The agency's own hours."""
    week = {day: [("09:00", "18:00")] for day in range(5)}
    opening = Opening(zone="Europe/Riga", week=week, country="LV")
    calendar = create_calendar(client=None, name="Northlight’s office", opening=opening, by=owner, now=now)
    set_default_calendar(calendar, by=owner, now=now)


def _own_hours(client: Client, country: str, owner: Actor, now: datetime) -> None:
    """A shop's: longer, on Saturdays too, and at night for who bakes; with somebody on call outside of them."""
    shop = [("08:00", "12:00"), ("13:00", "19:00")]
    week = {**dict.fromkeys(range(4), shop), 4: [*shop, ("22:00", "02:00")], 5: [("10:00", "16:00")]}
    opening = Opening(
        zone=client.time_zone,
        week=week,
        country=country,
        exceptions=[
            OtherDay(date(now.year, 12, 24), [("08:00", "12:00")], "Christmas Eve"),
            OtherDay(date(now.year, 12, 28), (), "Stocktaking"),
        ],
    )
    calendar = create_calendar(client=client, name="Shop hours", opening=opening, by=owner, now=now)
    set_client_hours(client, calendar=calendar, cover=Cover.ON_CALL, by=owner, now=now)


def _clients(owner: Actor, now: datetime) -> None:
    for brand in BRANDS:
        client = create_client(name=brand.name, time_zone=brand.time_zone, language="en", by=owner, now=now)
        name, email = brand.approver
        add_contact(client=client, name=name, email=email, parts=["approver", "viewer"], by=owner, now=now)
        set_query(client=client, any_terms=brand.any_terms, none_terms=brand.none_terms, by=owner, now=now)
        if brand.asks != ApprovalPolicy.Asks.CLIENT:
            set_approval_policy(client=client, asks=brand.asks, by=owner, now=now)
        if brand.country:
            _own_hours(client, brand.country, owner, now)


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

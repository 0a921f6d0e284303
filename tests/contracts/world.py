"""Whole worlds: an agency with one of everything, each of its texts marked, so that what leaks is recognised.

`make_world("xanadu", now=…)` opens an agency with two clients, members of every role (two of them limited to the first
client), keys, links, mentions in several states, and, where no action made any, a plain row of every other tenant
model. All its texts hold the mark `xanadu`; the second client's hold `xanadutwo` too.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Model

from agency.actions.channels import add_channel
from agency.actions.keys import make_key
from agency.actions.members import add_member
from agency.actions.webhooks.endpoints import add_endpoint
from agency.actor import Actor
from agency.ids import new_id
from agency.models import (
    ApiKey,
    Membership,
    Notice,
    NoticeAttempt,
    WebhookAttempt,
    WebhookDelivery,
)
from agency.queries.people import actor_of_member
from agency.rights import Right, Role
from agency.sealed import SealedField, put
from agency.tenancy import tenant
from clients.actions.calendars import change_calendar, create_calendar
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from clients.actions.ladders import set_ladder
from clients.actions.policies import set_sla_policy
from clients.actions.rotas import NewLayer, add_override, add_rota, set_member_hours
from clients.actions.templates import add_template
from clients.actions.view_links import make_view_link
from clients.ladder import USUAL
from clients.links import token_digest
from clients.models import Client, Contact, ViewLink
from clients.opening import Opening, OtherDay
from mentions.actions.listening import set_query
from mentions.actions.own_accounts import set_own_accounts
from mentions.actions.reading import claim_source, record_failure
from mentions.actions.search import fill_missing
from mentions.actions.sources import add_source
from mentions.actions.threads import note_names
from mentions.models import Author, Mention, Message, Post, Source
from mentions.platforms.base import PlatformError
from tests.making import commit_checks, make_mention
from workflows.actions.alerts import make_alert_link, note_seen
from workflows.actions.decisions import decide, put_into_effect
from workflows.actions.excuses import ask_excuse
from workflows.actions.firing import fire_clocks
from workflows.actions.links import make_link
from workflows.actions.moves import claim_mention
from workflows.actions.onboarding import open_agency
from workflows.actions.publications import attest_reply
from workflows.actions.requests import request_approval
from workflows.actions.responses import draft_reply
from workflows.models import (
    AlertLink,
    Approval,
    ApprovalLink,
    Attempt,
    Clock,
    Decision,
    Escalation,
    EscalationLine,
    Publication,
)

OURS = ("agency", "clients", "mentions", "workflows")
HOUR = timedelta(hours=1)
# Parameters of addresses that aren't called after their model.
CALLED = {
    "key": "apikey",
    "member": "membership",
    "block": "forgottenauthor",
    "version": "calendarversion",
    "override": "rotaoverride",
    "webhook": "webhookendpoint",
    "delivery": "webhookdelivery",
}


@dataclass(frozen=True)
class Part:
    """One client and all that is around it. `ids`: of a row of each model that concerns the client, `client_id` …"""

    mark: str
    ids: dict[str, UUID]
    tokens: dict[str, str]  # of approvers' links: live, expired, revoked, left
    views: dict[str, str]  # of viewers' links, likewise
    versions: dict[UUID | None, int]  # of its mentions
    alerts: dict[str, str]  # of alert recipients' links, as the others


@dataclass(frozen=True)
class World:
    """One agency. `ids`: of a row of each model that concerns no client in particular."""

    mark: str
    agency_id: UUID
    members: dict[str, Actor]  # owner, manager, responder, analyst; limited:manager and limited:responder
    one: Part
    two: Part
    ids: dict[str, UUID]
    # Every key of every row of the agency, which others should never read.
    every_id: frozenset[str] = field(repr=False)

    @property
    def owner(self) -> Actor:
        return self.members["owner"]

    def names(self, part: Part | None = None) -> dict[str, UUID]:
        """What a parameter such as `mention_id` stands for."""
        return {**self.ids, **(part or self.one).ids}


def tenant_models() -> list[type[Model]]:
    """Every model of ours whose rows belong to one agency, inside row security or not."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in OURS
        and not model._meta.proxy
        and any(f.name == "agency" for f in model._meta.local_fields)
    ]


def make_world(mark: str, *, now: datetime) -> World:
    """Opens the agency and fills it. In a transaction or outside; enters the agency by itself."""
    agency, membership = open_agency(
        name=f"{mark} agency",
        time_zone="Europe/Riga",
        owner_email=f"owner@{mark}.example",
        owner_name=f"{mark} owner",
        now=now,
    )
    owner = _actor(membership.pk)
    members = {"owner": owner}
    with tenant(agency.pk):
        add_template(client=None, name=f"{mark} hello", kind="other", text=f"{mark}", by=owner, now=now)
        # An address where nobody listens, so that who knocks there is refused at once.
        hook = f"http://127.0.0.1:8009/{mark}"
        add_endpoint(name=f"{mark} webhook", url=hook, types=[], clients=None, by=owner, now=now)
        one = _make_client(f"{mark}one", owner, now)
        two = _make_client(f"{mark}two", owner, now)
        for role in (Role.MANAGER, Role.RESPONDER, Role.ANALYST):
            members[role.value] = _add(mark, role.value, role, owner, now)
        for role in (Role.MANAGER, Role.RESPONDER):
            limited = _add(mark, f"limited {role}", role, owner, now)
            Membership.objects.filter(pk=limited.id).update(client_ids=[one.ids["client_id"]])
            members[f"limited:{role}"] = _actor(limited.id)
        make_key(name=f"{mark} key", rights=["read"], expires_at=None, by=owner, now=now)
        add_channel(kind="mail", name=f"{mark} channel", takes="all", by=owner, now=now)
        room, _ = add_channel(
            kind="mail",
            name=f"{mark} room",
            takes="all",
            email=f"room@{mark}.example",
            room=True,
            by=owner,
            now=now,
        )
        _mail_in_vain(mark, now)
        fill_missing()
        commit_checks()
        _fill(agency.pk, mark, now)
        commit_checks()
        found = {_called(model): row for model in tenant_models() if (row := _first(model, agency.pk))}
        parts = [_with_the_rest(part, agency.pk) for part in (one, two)]
        every = frozenset(str(pk) for model in tenant_models() for pk in _rows(model, agency.pk)) | {
            str(agency.pk),
            *(str(user) for user in Membership.objects.filter(agency=agency).values_list("user", flat=True)),
        }
    ids = {name: pk for name, pk in found.items() if name not in parts[0].ids}
    ids["room_id"] = room.pk
    # The row that others may change without locking themselves out.
    ids["member_id"] = members["analyst"].id or owner.agency_id
    return World(mark, agency.pk, members, parts[0], parts[1], ids, every)


def limited_key(world: World, *, now: datetime) -> str:
    """A key with every right, for the first client only."""
    with tenant(world.agency_id):
        key, token = make_key(
            name=f"{world.mark} limited", rights=list(Right), expires_at=None, by=world.owner, now=now
        )
        ApiKey.objects.filter(pk=key.pk).update(client_ids=[world.one.ids["client_id"]])
    return token


def _actor(member_id: Any) -> Actor:
    return actor_of_member(Membership.objects.select_related("user").get(pk=member_id))


def _add(mark: str, name: str, role: Role, by: Actor, now: datetime) -> Actor:
    mail = f"{name.replace(' ', '.')}@{mark}.example"
    return _actor(add_member(email=mail, name=f"{mark} {name}", role=role, by=by, now=now, invite=False).pk)


# A client and its work --------------------------------------------------------------------------------


def _make_client(mark: str, by: Actor, now: datetime) -> Part:
    client = create_client(name=f"{mark} client", time_zone="UTC", language="en", by=by, now=now)
    set_query(client=client, any_terms=[mark], none_terms=[f"{mark} unwanted"], by=by, now=now)
    set_sla_policy(client=client, targets={}, by=by, now=now)
    contact = add_contact(
        client=client,
        name=f"{mark} contact",
        email=f"c@{mark}.example",
        parts=["approver", "viewer"],
        by=by,
        now=now,
    )
    template = add_template(
        client=client, name=f"{mark} template", kind="other", text=f"{mark} text", by=by, now=now
    )
    _keep_hours(client, mark, by, now)
    _be_on_call(client, mark, by, now)
    source = _read_source(client, mark, by, now)
    set_own_accounts(client=client, accounts=[f"https://forum.example/{mark}", f"@{mark}"], by=by, now=now)
    new, asked, done = (
        make_mention(client, now=now, text=f"{mark} was {what}", author=f"{mark} author", source=source)
        for what in ("closed", "late", "rude")
    )
    Author.objects.filter(name=f"{mark} author").update(url=f"https://{mark}.example/author")
    _say_again(new, mark, now)
    clocks = list(Clock.objects.filter(mention=new).values_list("pk", flat=True))
    fire_clocks(clocks, now + 24 * HOUR)
    broken = Clock.objects.filter(mention=new, breached_at__isnull=False).order_by("id")[0]
    ask_excuse(broken.pk, reason="other", text=f"{mark} was ill", by=by, now=now + 24 * HOUR)
    tokens = _ask(asked, contact, mark, by, now)
    _answer(done, contact, mark, by, now)
    ids = {
        "client_id": client.pk,
        "contact_id": contact.pk,
        "template_id": template.pk,
        "source_id": source.pk,
        "post_id": new.post_id,
        "mention_id": new.pk,
        "worked_id": asked.pk,
        "clock_id": broken.pk,
    }
    versions = dict(Mention.objects.filter(client=client).values_list("pk", "version"))
    alerts = _alert(new, contact, mark, by, now)
    _post_in_vain(client, mark, now)
    return Part(mark, ids, tokens, _views(contact, mark, by, now), versions, alerts)


def _say_again(mention: Mention, mark: str, now: datetime) -> None:
    """The author added something: a post that is no mention, and joined one."""
    before = mention.post
    url = f"https://{mark}.example/again"
    post = Post(
        source=before.source,
        author=before.author,
        platform=before.platform,
        key=f"url:{url}",
        key_hash=hashlib.sha256(url.encode()).hexdigest(),
        url=url,
        text=f"{mark} said it again",
        text_hash=hashlib.sha256(url.encode()).hexdigest(),
        published_at=now,
        seen_at=now,
        in_reply_to=before.url,
    )
    post.save(force_insert=True)
    note_names({post.key_hash: [before.key_hash]}, {}, now=now)
    Message(mention=mention, post=post, by=Message.By.AUTHOR, recorded_at=now).save(force_insert=True)


def _keep_hours(client: Client | None, mark: str, by: Actor, now: datetime) -> None:
    """A calendar that holds now and one version of it that is planned."""
    eve = OtherDay(date(now.year, 12, 24), (), f"{mark} eve")
    opening = Opening(zone="UTC", week={0: [("09:00", "17:00")]}, exceptions=[eve])
    calendar = create_calendar(client=client, name=f"{mark} hours", opening=opening, by=by, now=now)
    change_calendar(
        calendar,
        opening=replace(opening, zone="Europe/Riga"),
        effective_from=now + 240 * HOUR,
        by=by,
        now=now,
    )


def _be_on_call(client: Client, mark: str, by: Actor, now: datetime) -> None:
    layer = NewLayer(members=[by.id] if by.id else [], since=now.date())
    rota = add_rota(client=client, name=f"{mark} rota", zone="UTC", layers=[layer], by=by, now=now)
    add_override(
        rota,
        member_id=by.id or client.pk,
        starts_at=now + HOUR,
        ends_at=now + 2 * HOUR,
        note=f"{mark} wedding",
        by=by,
        now=now,
    )
    set_ladder(client=client, plan=USUAL, by=by, now=now)
    set_member_hours(zone="UTC", week={0: [("09:00", "17:00")]}, by=by, now=now)


def _alert(mention: Mention, contact: Contact, mark: str, by: Actor, now: datetime) -> dict[str, str]:
    told, left = (
        add_contact(
            client=contact.client,
            name=f"{mark} {name}",
            email=f"{name}@{mark}.example",
            parts=["alerts"],
            by=by,
            now=now,
        )
        for name in ("told", "untold")
    )
    whose = {"live": told, "expired": told, "revoked": told, "left": left}
    tokens = {
        name: make_alert_link(mention, who, now=now).rstrip("/").rpartition("/")[2]
        for name, who in whose.items()
    }
    note_seen(mention, told, now=now)
    climb = Escalation.objects.get(mention=mention)
    EscalationLine(escalation=climb, what="nobody", note=f"{mark} is gone", at=now).save(force_insert=True)
    Escalation.objects.filter(pk=climb.pk).update(ended_by=f"{mark} taker")
    Contact.objects.filter(pk=left.pk).update(left_at=now)
    for name, change in (("expired", "expires_at"), ("revoked", "revoked_at")):
        AlertLink.objects.filter(digest=token_digest(tokens[name])).update(**{change: now - HOUR})
    return tokens


def _read_source(client: Client, mark: str, by: Actor, now: datetime) -> Source:
    source = add_source(
        kind="feed",
        name=f"{mark} source",
        settings={"url": f"https://{mark}.example/feed.xml"},
        every=timedelta(minutes=5),
        client=client,
        by=by,
        now=now,
    )
    reading = claim_source(source.pk, now=now)
    assert reading is not None
    record_failure(reading, PlatformError("gone", f"{mark} is gone.", retryable=True), now=now)
    return Source.objects.get(pk=source.pk)


def _ask(mention: Mention, contact: Contact, mark: str, by: Actor, now: datetime) -> dict[str, str]:
    claim_mention(mention.pk, by=by, seen=None, now=now)
    draft_reply(mention.pk, text=f"{mark} is sorry", by=by, seen=None, now=now)
    approval = request_approval(mention.pk, by=by, seen=None, now=now)
    left = add_contact(
        client=contact.client,
        name=f"{mark} gone",
        email=f"g@{mark}.example",
        parts=["approver"],
        by=by,
        now=now,
    )
    tokens = {name: _link(approval, contact, now) for name in ("live", "expired", "revoked")}
    tokens["left"] = _link(approval, left, now)
    left.left_at = now
    left.save(update_fields=["left_at"])
    links = dict(zip(tokens, ApprovalLink.objects.filter(approval=approval).order_by("id"), strict=True))
    ApprovalLink.objects.filter(pk=links["expired"].pk).update(expires_at=now - HOUR)
    ApprovalLink.objects.filter(pk=links["revoked"].pk).update(revoked_at=now - HOUR)
    return tokens


def _views(contact: Contact, mark: str, by: Actor, now: datetime) -> dict[str, str]:
    left = add_contact(
        client=contact.client, name=f"{mark} saw", email=f"s@{mark}.example", parts=["viewer"], by=by, now=now
    )
    whose = {"live": contact, "expired": contact, "revoked": contact, "left": left}
    tokens = {
        name: make_view_link(who, now=now).rstrip("/").rpartition("/")[2] for name, who in whose.items()
    }
    Contact.objects.filter(pk=left.pk).update(left_at=now)
    for name, change in (("expired", "expires_at"), ("revoked", "revoked_at")):
        ViewLink.objects.filter(digest=token_digest(tokens[name])).update(**{change: now - HOUR})
    return tokens


def _link(approval: Approval, contact: Contact, now: datetime) -> str:
    return make_link(approval, contact, now=now).rstrip("/").rpartition("/")[2]


def _answer(mention: Mention, contact: Contact, mark: str, by: Actor, now: datetime) -> None:
    claim_mention(mention.pk, by=by, seen=None, now=now)
    version = draft_reply(mention.pk, text=f"{mark} thanks", by=by, seen=None, now=now)
    approval = request_approval(mention.pk, by=by, seen=None, now=now)
    decision = decide(
        approval.pk,
        contact=contact,
        verdict="approve",
        comment=f"{mark} agrees",
        read_digest=version.digest,
        now=now,
    )
    put_into_effect([decision.pk], now + HOUR)
    attest_reply(mention.pk, url=f"https://{mark}.example/1", by=by, seen=None, now=now + HOUR)
    assert Decision.objects.get(pk=decision.pk).state == Decision.State.EFFECTIVE
    _try_in_vain(mention, mark, now)


def _try_in_vain(mention: Mention, mark: str, now: datetime) -> None:
    Attempt(
        publication=Publication.objects.get(mention=mention),
        number=9,
        what="send",
        started_at=now,
        finished_at=now,
        outcome="failed",
        error=f"{mark} refused",
    ).save(force_insert=True)


def _post_in_vain(client: Client, mark: str, now: datetime) -> None:
    posted = WebhookDelivery.objects.filter(client_id=client.pk)
    posted.update(error=f"{mark} refused")
    WebhookAttempt(
        delivery=posted.order_by("id")[0],
        n=1,
        at=now,
        finished_at=now,
        status=500,
        error=f"{mark} refused",
        response_body=f"{mark} is closed",
    ).save(force_insert=True)


def _mail_in_vain(mark: str, now: datetime) -> None:
    NoticeAttempt(
        notice=Notice.objects.order_by("id")[0],
        n=9,
        at=now,
        finished_at=now,
        outcome="failed",
        error=f"{mark} refused",
    ).save(force_insert=True)


# Of every model a row -----------------------------------------------------------------------------------


def _rows(model: type[Model], agency_id: UUID, **narrowed: Any) -> list[Any]:
    rows = model._default_manager.filter(agency_id=agency_id, **narrowed).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _first(model: type[Model], agency_id: UUID, **narrowed: Any) -> Any:
    return next(iter(_rows(model, agency_id, **narrowed)), None)


def _called(model: type[Model]) -> str:
    name = next((param for param, model_name in CALLED.items() if model_name == model._meta.model_name), None)
    return f"{name or model._meta.model_name}_id"


def _with_the_rest(part: Part, agency_id: UUID) -> Part:
    """With the rows that say by themselves which client they are part of."""
    client_id = part.ids["client_id"]
    found = {
        _called(model): _first(model, agency_id, **{path: client_id})
        for model in tenant_models()
        if (path := getattr(model, "part_of", ""))
    }
    ids = {name: pk for name, pk in found.items() if isinstance(pk, UUID)}
    return Part(part.mark, {**ids, **part.ids}, part.tokens, part.views, part.versions, part.alerts)


def _fill(agency_id: UUID, mark: str, now: datetime) -> None:
    """A plain row of each model that has none yet, each of its texts being the mark."""
    for model in tenant_models():
        if not _rows(model, agency_id):
            row = model(**dict(_plain(model, agency_id, mark, now)))
            for column in model._meta.local_fields:
                if isinstance(column, SealedField):
                    put(row, column.name, f"{mark} sealed")
            row.save(force_insert=True)


def _plain(model: type[Model], agency_id: UUID, mark: str, now: datetime) -> Iterator[tuple[str, Any]]:
    for column in model._meta.local_fields:
        if column.name == "agency":
            yield "agency_id", agency_id
        elif isinstance(column, models.ForeignKey):
            yield column.attname, _parent(column, agency_id)
        elif column.choices:
            yield column.attname, next(iter(dict(column.flatchoices)))
        elif isinstance(column, SealedField):
            continue  # sealed for its row, which must be there first
        elif isinstance(column, models.BinaryField):
            yield column.attname, mark.encode()
        elif isinstance(column, models.CharField | models.TextField):
            yield column.attname, mark[: column.max_length]
        elif not column.has_default() and not column.null and not column.primary_key:
            yield column.attname, _PLAIN.get(column.get_internal_type(), lambda _: None)(now)


def _parent(key: "models.ForeignKey[Any, Any]", agency_id: UUID) -> Any:
    parent: Any = key.remote_field.model
    if any(f.name == "agency" for f in parent._meta.local_fields):
        return _first(parent, agency_id)
    if key.null:
        return None
    return Membership.objects.filter(agency_id=agency_id).order_by("pk").values_list("user", flat=True)[0]


_PLAIN: Mapping[str, Any] = {
    "DateTimeField": lambda now: now,
    "DateField": lambda now: date(now.year, now.month, now.day),
    "DurationField": lambda _: HOUR,
    "UUIDField": lambda _: new_id(),
    "JSONField": lambda _: {},
    "ArrayField": lambda _: [],
    "BooleanField": lambda _: False,
    "IntegerField": lambda _: 1,
    "PositiveIntegerField": lambda _: 1,
    "PositiveSmallIntegerField": lambda _: 1,
    "PositiveBigIntegerField": lambda _: 1,
    "BigIntegerField": lambda _: 1,
    "FloatField": lambda _: 1.0,
    "DecimalField": lambda _: 1,
    "BinaryField": lambda _: b"\x00",
}

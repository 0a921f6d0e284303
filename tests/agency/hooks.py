"""A webhook of Ana's agency whose receiver is a real server, and how its deliveries are rung for and sent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from standardwebhooks import Webhook

from agency.actions.alarms import sweep
from agency.actions.events import emit
from agency.actions.webhooks.endpoints import add_endpoint
from agency.actions.webhooks.sending import send_due
from agency.actor import Actor
from agency.models import Membership, WebhookDelivery, WebhookEndpoint
from agency.tenancy import tenant
from tests.fixtures import Clock
from tests.web_server import Answer, Request, WebServer


@dataclass
class Hooks:
    """Adds webhooks, makes events, and sends as the tasks do that the alarms ring for."""

    ana: Actor
    clock: Clock
    server: WebServer
    secrets: dict[UUID, str] = field(default_factory=dict)
    rings: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str = "Warehouse", *, path: str = "/hook", **given: Any) -> WebhookEndpoint:
        self.server.answers.setdefault(path, Answer(status=204))
        wanted = {"types": [], "clients": None, "url": self.server.url_of(path), **given}
        with tenant(self.ana.agency_id):
            endpoint, secret = add_endpoint(name=name, **wanted, by=self.ana, now=self.clock.now)
        self.secrets[endpoint.pk] = secret
        return endpoint

    def tell(self, role: str = "analyst") -> UUID:
        """An event that concerns no client."""
        with tenant(self.ana.agency_id):
            member = Membership.objects.get(pk=self.ana.id)
            return emit("member.added", subject=member, now=self.clock.now, data={"role": role}).pk

    def ring(self) -> int:
        """What is due rings; how many rings there were."""
        before = len(self.rings)
        sweep(now=self.clock.now)
        return len(self.rings) - before

    def send(self, **later: float) -> None:
        """After so long, all that is due is sent."""
        self.clock.advance(**later)
        self.ring()
        while self.rings:
            agency_id, endpoint_id = self.rings.pop(0)
            send_due(UUID(agency_id), UUID(endpoint_id), clock=lambda: self.clock.now)

    def deliveries(self, **which: Any) -> list[WebhookDelivery]:
        with tenant(self.ana.agency_id):
            return list(WebhookDelivery.objects.filter(**which).order_by("id"))

    def one(self) -> WebhookDelivery:
        (found,) = self.deliveries()
        return found

    def wait(self, delivery: WebhookDelivery) -> timedelta:
        """Until it is tried next."""
        assert delivery.next_at is not None
        return delivery.next_at - self.clock.now

    def endpoint(self) -> WebhookEndpoint:
        with tenant(self.ana.agency_id):
            found: WebhookEndpoint = WebhookEndpoint.objects.get()
        return found

    def log(self, delivery: WebhookDelivery | None = None) -> list[Any]:
        with tenant(self.ana.agency_id):
            return list((delivery or self.one()).log.order_by("n"))

    @property
    def came(self) -> list[Request]:
        return self.server.requests


def read(request: Request, secret: str) -> Any:
    """As a receiver reads it: the signature is checked by the library; its clock is the test's."""
    return orjson.loads(checked(request, secret))


def checked(request: Request, secret: str) -> bytes:
    at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"])).astimezone()
    signed = Webhook(secret).sign(request.headers["webhook-id"], at, request.body.decode())
    assert signed in request.headers["webhook-signature"].split(" ")
    return request.body

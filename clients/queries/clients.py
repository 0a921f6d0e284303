"""Guarded access to what belongs to clients: absent and foreign look alike."""

from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.remembered import Question, Remembered
from agency.rights import Right
from clients.models import ApprovalPolicy, Client, Contact, Query, SlaPolicy, Template
from clients.queries.contacts import contacts_who_may
from clients.words import ContactRight


def _get(queryset: "QuerySet[Any]", pk: UUID, by: Actor) -> Any:
    by.require(Right.READ)
    row = queryset.filter(pk=pk).first()
    if row is None:
        raise NotFound
    return row


def list_clients(*, by: Actor, archived: bool = False) -> "QuerySet[Any]":
    by.require(Right.READ)
    return Client.objects.filter(archived_at__isnull=not archived)


def known_clients(by: Actor) -> dict[UUID, str]:
    """Client → name, of those that the actor works for; archived ones last."""
    by.require(Right.READ)
    rows = Client.objects.order_by(F("archived_at").asc(nulls_first=True), "name", "id")
    return dict(rows.values_list("pk", "name"))


def get_client(client_id: UUID, *, by: Actor) -> Client:
    """Raises: NotFound."""
    client: Client = _get(Client.objects.all(), client_id, by)
    return client


def list_contacts(*, by: Actor, client: Client | None = None) -> "QuerySet[Any]":
    by.require(Right.READ)
    contacts = Contact.objects.filter(left_at=None).select_related("client")
    return contacts.filter(client=client) if client else contacts


def get_contact(contact_id: UUID, *, by: Actor) -> Contact:
    """Raises: NotFound."""
    contact: Contact = _get(Contact.objects.filter(left_at=None).select_related("client"), contact_id, by)
    return contact


def approvers_of(client_id: UUID) -> list[Contact]:
    return list(contacts_who_may(ContactRight.DECIDE, clients=[client_id]).order_by("created_at", "id"))


def current_query(client_id: UUID) -> Query | None:
    return Query.objects.filter(client_id=client_id, current=True).first()


_current_policy = Remembered(
    lambda client_id: ApprovalPolicy.objects.filter(client_id=client_id, current=True)
)


def asked_for_policy(client_id: UUID) -> Question:
    """What `current_approval_policy` asks, for `asked_together`."""
    return _current_policy, {"client_id": client_id}


def current_approval_policy(client_id: UUID) -> ApprovalPolicy:
    policy: ApprovalPolicy | None = _current_policy.first(client_id=client_id)
    if policy is None:
        raise ApprovalPolicy.DoesNotExist
    return policy


def match_sla_policies(clients: set[UUID]) -> dict[UUID, SlaPolicy]:
    """Client → the policy that it was promised: its own, else the agency's default. Targets are prefetched."""
    policies = SlaPolicy.objects.filter(
        Q(client_id__in=clients) | Q(client=None), current=True
    ).prefetch_related("targets")
    by_client = {policy.client_id: policy for policy in policies}
    return {client_id: by_client.get(client_id) or by_client[None] for client_id in clients}


def sla_policy_of(client: Client | None) -> SlaPolicy | None:
    """The current policy of exactly this client (None: the agency's default)."""
    return SlaPolicy.objects.filter(client=client, current=True).prefetch_related("targets").first()


def list_templates(*, by: Actor, client_id: UUID | None = None) -> "QuerySet[Any]":
    """The playbook; for one client: its own templates and those for all."""
    by.require(Right.READ)
    templates = Template.objects.filter(archived_at=None).select_related("client")
    return templates.filter(Q(client_id=client_id) | Q(client=None)) if client_id else templates


def get_template(template_id: UUID, *, by: Actor) -> Template:
    """Raises: NotFound."""
    template: Template = _get(
        Template.objects.filter(archived_at=None).select_related("client"), template_id, by
    )
    return template

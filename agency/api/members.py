"""Members."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.limits import KnownClients, limit_member, no_clients
from agency.actions.members import add_member, change_role, remove_member
from agency.api.limits import ClientIds
from agency.api.schema import example, operation
from agency.api.serializers import Email, Input, PageFilters, Text
from agency.api.views import ApiView
from agency.queries.people import get_membership, list_members
from agency.rights import Right, Role


@example({"email": "ben@northlight.example", "name": "Ben", "role": "responder"})
class MemberInput(Input):
    email = Email()
    name = Text(max_length=120)
    role = serializers.ChoiceField(Role.choices)
    clients = ClientIds()


@example({"role": "manager"})
class MemberChanges(Input):
    role = serializers.ChoiceField(Role.choices)
    clients = ClientIds()


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e03",
        "name": "Ben",
        "email": "ben@northlight.example",
        "role": "responder",
        "clients": None,
        "created_at": "2026-03-06T17:04:00Z",
    }
)
class MemberOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField(source="user.email")
    role = serializers.ChoiceField(Role.choices)
    clients = serializers.ListField(
        child=serializers.UUIDField(),
        source="client_ids",
        allow_null=True,
        help_text="The only clients that they see; null: all.",
    )
    created_at = serializers.DateTimeField()


class MemberViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.TEAM,
        "retrieve": Right.READ,
        "partial_update": Right.TEAM,
        "destroy": Right.TEAM,
    }
    filters = {"list": PageFilters}
    known: KnownClients = staticmethod(no_clients)

    @operation("list_members", "Members", gives=MemberOutput(many=True))
    def list(self, request: Request) -> Response:
        return self.page(list_members(by=self.actor), MemberOutput, by="created_at", kind="t")

    @operation(
        "invite_member",
        "Invite a member",
        takes=MemberInput,
        gives=MemberOutput,
        status=201,
        conflicts=True,
        description="They are mailed how to sign in. Nobody gives a role that may do more than they may themselves.",
    )
    def create(self, request: Request) -> Response:
        given, now = self.body(MemberInput), clock.now()
        clients = given.pop("clients")
        member = add_member(**given, by=self.actor, now=now)
        if clients is not None:
            limit_member(member, clients=clients, known=self.known(self.actor), by=self.actor, now=now)
        return Response(MemberOutput(member).data, status=201)

    @operation("get_member", "A member", gives=MemberOutput)
    def retrieve(self, request: Request, member_id: UUID) -> Response:
        return Response(MemberOutput(get_membership(member_id, by=self.actor)).data)

    @operation(
        "change_member",
        "Change a member's role, or the clients that they work for",
        takes=MemberChanges,
        gives=MemberOutput,
        conflicts=True,
        description="An agency keeps at least one owner. Nobody gives a role that may do more than they may themselves.",
    )
    def partial_update(self, request: Request, member_id: UUID) -> Response:
        member = get_membership(member_id, by=self.actor)
        changes, now = self.body(MemberChanges), clock.now()
        if "role" in changes:
            member = change_role(member, role=changes["role"], by=self.actor, now=now)
        if "clients" in changes:
            known = self.known(self.actor)
            member = limit_member(member, clients=changes["clients"], known=known, by=self.actor, now=now)
        return Response(MemberOutput(member).data)

    @operation(
        "remove_member",
        "Remove a member",
        status=204,
        conflicts=True,
        description="They can't enter any more, and the keys they made stop. What they did stays.",
    )
    def destroy(self, request: Request, member_id: UUID) -> Response:
        remove_member(get_membership(member_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

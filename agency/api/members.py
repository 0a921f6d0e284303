"""Members."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.limits import KnownClients, limit_member, no_clients
from agency.actions.members import add_member, change_role, invite_again, remove_member
from agency.actor import Actor
from agency.api.limits import ClientIds
from agency.api.pagination import paged
from agency.api.schema import example, operation
from agency.api.serializers import Email, Input, PageFilters, Text
from agency.api.views import ApiView
from agency.models import Membership
from agency.queries.paging import keyset
from agency.queries.people import get_membership, list_members
from agency.queries.second_factor import with_second_factor
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
        "last_seen_at": None,
        "second_factor": None,
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
    last_seen_at = serializers.DateTimeField(
        source="user.last_login", allow_null=True, help_text="When they last signed in; null: never yet."
    )
    second_factor = serializers.SerializerMethodField(
        help_text="Whether they have one; null for who may not add and remove members."
    )

    @extend_schema_field({"type": ["boolean", "null"]})
    def get_second_factor(self, member: Membership) -> bool | None:
        secured: set[UUID] | None = self.context.get("secured")
        return None if secured is None else member.user_id in secured


class MemberViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.TEAM,
        "retrieve": Right.READ,
        "partial_update": Right.TEAM,
        "destroy": Right.TEAM,
        "invite": Right.TEAM,
    }
    filters = {"list": PageFilters}
    known: KnownClients = staticmethod(no_clients)

    @operation("list_members", "Members", gives=MemberOutput(many=True))
    def list(self, request: Request) -> Response:
        page = keyset(
            list_members(by=self.actor),
            by="created_at",
            kind="t",
            cursor=self.asked.get("cursor"),
            limit=self.asked["limit"],
        )
        return paged(request, _shown(page.rows, by=self.actor), following=page.next)

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
        return self._one(member, status=201)

    @operation("get_member", "A member", gives=MemberOutput)
    def retrieve(self, request: Request, member_id: UUID) -> Response:
        return self._one(get_membership(member_id, by=self.actor))

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
        return self._one(member)

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

    @operation(
        "invite_member_again",
        "Mail a member once more how to sign in",
        gives=MemberOutput,
        status=202,
        conflicts=True,
        description="For who never signed in; at most every five minutes.",
    )
    def invite(self, request: Request, member_id: UUID) -> Response:
        member = invite_again(get_membership(member_id, by=self.actor), by=self.actor, now=clock.now())
        return self._one(member, status=202)

    def _one(self, member: Membership, *, status: int = 200) -> Response:
        (shown,) = _shown([member], by=self.actor)
        return Response(shown, status=status)


def _shown(members: Sequence[Membership], *, by: Actor) -> list[Any]:
    # A matter of who answers for the team: not everybody needs to know whose account is the softer one.
    secured = with_second_factor(member.user_id for member in members) if by.may(Right.TEAM) else None
    return [MemberOutput(member, context={"secured": secured}).data for member in members]

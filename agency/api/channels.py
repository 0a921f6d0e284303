"""How a member is reached, and the agency's rooms."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.channels import (
    LONGEST_ADDRESS,
    add_channel,
    change_channel,
    delete_channel,
    enable_channel,
    trial_of,
    try_out,
)
from agency.api.schema import example, operation
from agency.api.serializers import Email, Input, OrNull, PageFilters, Text
from agency.api.views import ApiView
from agency.models import Channel
from agency.queries.channels import get_channel, get_room, list_channels, list_rooms
from agency.rights import Right

_CHANNEL = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21",
    "kind": "apprise",
    "name": "My phone",
    "takes": "urgent",
    "service": "ntfy",
    "email": None,
    "failures": 0,
    "disabled_at": None,
    "disabled_why": None,
    "created_at": "2026-03-06T17:04:00Z",
}
_ADDRESS = "Of a chat, push or SMS service, or a webhook. Never given out again."


@example({"kind": "mail", "name": "Mail", "takes": "all"})
class ChannelInput(Input):
    kind = serializers.ChoiceField(Channel.Kind.choices)
    name = Text(max_length=60)
    takes = serializers.ChoiceField(Channel.Takes.choices, required=False, default=Channel.Takes.ALL)
    address = Text(max_length=LONGEST_ADDRESS, required=False, default="", help_text=_ADDRESS)


@example({"kind": "mail", "name": "Duty mailbox", "takes": "urgent", "email": "duty@northlight.example"})
class RoomInput(ChannelInput):
    email = Email(required=False, help_text="Of a mail channel.")


@example({"name": "My phone", "takes": "all"})
class ChannelChange(Input):
    name = Text(max_length=60, required=False)
    takes = serializers.ChoiceField(Channel.Takes.choices, required=False)
    address = Text(max_length=LONGEST_ADDRESS, required=False, help_text=_ADDRESS)


@example({"name": "Duty mailbox", "takes": "all"})
class RoomChange(ChannelChange):
    email = Email(required=False)


@example(_CHANNEL)
class ChannelOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Channel.Kind.choices)
    name = serializers.CharField()
    takes = serializers.ChoiceField(Channel.Takes.choices)
    service = OrNull(help_text="Where it leads, without its tokens.")
    email = OrNull(help_text="Of an agency's mail channel.")
    failures = serializers.IntegerField(help_text="Notices in a row that were given up.")
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_why = OrNull()
    created_at = serializers.DateTimeField()


@example({**_CHANNEL, "kind": "webhook", "service": "https://desk.example", "secret": "whsec_…"})
class MadeChannelOutput(ChannelOutput):
    secret = OrNull(help_text="What a webhook is signed with. Shown this once.")


@example({"ok": True, "status": 200, "error": ""})
class TriedOutput(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    status = serializers.IntegerField(allow_null=True, help_text="HTTP's or SMTP's.")
    error = serializers.CharField(allow_blank=True)


class ChannelViews(ApiView):
    rights = dict.fromkeys(("list", "create", "retrieve", "partial_update", "destroy", "enable"), Right.READ)
    filters = {"list": PageFilters}

    @operation(
        "list_channels",
        "How you are reached",
        gives=ChannelOutput(many=True),
        description="Of the member who made the key. Who has no channel is reached by mail.",
    )
    def list(self, request: Request) -> Response:
        return self.page(list_channels(by=self.actor), ChannelOutput, by="created_at", kind="t")

    @operation(
        "add_channel",
        "Add a way to reach you",
        takes=ChannelInput,
        gives=MadeChannelOutput,
        status=201,
        conflicts=True,
        description="A webhook's `secret` is shown this once.",
    )
    def create(self, request: Request) -> Response:
        channel, secret = add_channel(**self.body(ChannelInput), by=self.actor, now=clock.now())
        return _made(channel, secret)

    @operation("get_channel", "A way to reach you", gives=ChannelOutput)
    def retrieve(self, request: Request, channel_id: UUID) -> Response:
        return Response(ChannelOutput(get_channel(channel_id, by=self.actor)).data)

    @operation(
        "change_channel",
        "Change a way to reach you",
        takes=ChannelChange,
        gives=ChannelOutput,
        description="Another address enables a channel that was disabled.",
    )
    def partial_update(self, request: Request, channel_id: UUID) -> Response:
        channel = get_channel(channel_id, by=self.actor)
        return _changed(channel, self.body(ChannelChange), self)

    @operation("delete_channel", "Delete a way to reach you", status=204)
    def destroy(self, request: Request, channel_id: UUID) -> Response:
        delete_channel(get_channel(channel_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation("enable_channel", "Use a channel again that was disabled", gives=ChannelOutput)
    def enable(self, request: Request, channel_id: UUID) -> Response:
        channel = enable_channel(get_channel(channel_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(ChannelOutput(channel).data)


class RoomViews(ApiView):
    rights = dict.fromkeys(
        ("list", "create", "retrieve", "partial_update", "destroy", "enable"), Right.AGENCY
    )
    filters = {"list": PageFilters}

    @operation("list_rooms", "The agency's rooms", gives=ChannelOutput(many=True))
    def list(self, request: Request) -> Response:
        return self.page(list_rooms(by=self.actor), ChannelOutput, by="created_at", kind="t")

    @operation(
        "add_room",
        "Add a room of the agency",
        takes=RoomInput,
        gives=MadeChannelOutput,
        status=201,
        conflicts=True,
        description="What is posted there tells of every client. A webhook's `secret` is shown this once.",
    )
    def create(self, request: Request) -> Response:
        channel, secret = add_channel(**self.body(RoomInput), room=True, by=self.actor, now=clock.now())
        return _made(channel, secret)

    @operation("get_room", "A room of the agency", gives=ChannelOutput)
    def retrieve(self, request: Request, room_id: UUID) -> Response:
        return Response(ChannelOutput(get_room(room_id, by=self.actor)).data)

    @operation(
        "change_room",
        "Change a room of the agency",
        takes=RoomChange,
        gives=ChannelOutput,
        description="Another address enables a room that was disabled.",
    )
    def partial_update(self, request: Request, room_id: UUID) -> Response:
        return _changed(get_room(room_id, by=self.actor), self.body(RoomChange), self)

    @operation("delete_room", "Delete a room of the agency", status=204)
    def destroy(self, request: Request, room_id: UUID) -> Response:
        delete_channel(get_room(room_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation("enable_room", "Use a room again that was disabled", gives=ChannelOutput)
    def enable(self, request: Request, room_id: UUID) -> Response:
        channel = enable_channel(get_room(room_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(ChannelOutput(channel).data)


class _Trials(ApiView):
    """Asked for inside the agency; what is sent is sent outside of its transaction."""

    def _try(self, channel: Channel) -> Response:
        parcel = trial_of(channel, by=self.actor, now=clock.now())
        self.outside = lambda: Response(TriedOutput(try_out(parcel)).data)
        return Response()


class ChannelTrial(_Trials):
    rights = {"test": Right.READ}

    @operation("test_channel", "Send a test, and say what came back", gives=TriedOutput)
    def test(self, request: Request, channel_id: UUID) -> Response:
        return self._try(get_channel(channel_id, by=self.actor))


class RoomTrial(_Trials):
    rights = {"test": Right.AGENCY}

    @operation("test_room", "Send a test to a room, and say what came back", gives=TriedOutput)
    def test(self, request: Request, room_id: UUID) -> Response:
        return self._try(get_room(room_id, by=self.actor))


def _made(channel: Channel, secret: str) -> Response:
    return Response({**ChannelOutput(channel).data, "secret": secret or None}, status=201)


def _changed(channel: Channel, given: dict[str, Any], view: ApiView) -> Response:
    wanted = {"name": channel.name, "takes": channel.takes, **given}
    return Response(ChannelOutput(change_channel(channel, **wanted, by=view.actor, now=clock.now())).data)

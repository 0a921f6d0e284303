"""API keys."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.key_rotation import LONGEST, OVERLAP, end_old_secret, rotate_key
from agency.actions.keys import change_key, make_key, revoke_key
from agency.actions.limits import KnownClients, choose_clients, no_clients
from agency.api.limits import ClientIds
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Input, Moment, Named, OrNull, PageFilters, Text, Whole, YesOrNo
from agency.api.views import ApiView
from agency.models import ApiKey
from agency.queries.keys import get_key, list_keys
from agency.rights import Right

KEY_STATES = ["live", "ended", "revoked", "stopped"]
_KEY = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e02",
    "name": "Reports",
    "prefix": "k7m2q9xw4d",
    "state": "live",
    "rights": ["read"],
    "clients": None,
    "rate": None,
    "created_by": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e04", "name": "Ana"},
    "made_by_key": None,
    "created_at": "2026-03-06T17:04:00Z",
    "expires_at": None,
    "last_used_at": "2026-03-06T17:30:00Z",
    "last_used_from": "203.0.113.7",
    "rotated_at": None,
    "old_secret": None,
    "revoked_at": None,
}
_ROTATED = {
    **_KEY,
    "rotated_at": "2026-03-06T18:00:00Z",
    "old_secret": {"until": "2026-03-07T18:00:00Z", "last_used_at": None},
}
_RATE = "Calls a minute; null: as many as every key."


class Rights(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        child = serializers.ChoiceField(Right.choices)
        super().__init__(child=child, allow_empty=False, max_length=len(Right), **kwargs)


@example({"name": "Reports", "rights": ["read"]})
class KeyInput(Input):
    name = Text(max_length=120)
    rights = Rights()
    expires_at = Moment(required=False, allow_null=True, default=None)
    clients = ClientIds()
    rate = Whole(required=False, allow_null=True, default=None, min_value=1, help_text=_RATE)


@example({"name": "Reports of the shop", "rights": ["read"]})
class KeyChangeInput(Input):
    name = Text(max_length=120)
    rights = Rights(help_text="Some of those that it has.")
    expires_at = Moment(allow_null=True, help_text="Not later than it ends now.")
    clients = ClientIds(help_text="Some of those that it sees.")
    rate = Whole(allow_null=True, min_value=1, help_text=_RATE)


@example({"overlap_seconds": 86400})
class RotationInput(Input):
    overlap_seconds = Whole(
        required=False,
        default=int(OVERLAP.total_seconds()),
        min_value=0,
        max_value=int(LONGEST.total_seconds()),
        help_text="How long the old secret works on: at most 7 days; 0: it stops at once.",
    )
    expires_at = Moment(
        required=False,
        allow_null=True,
        help_text="When the key ends from now on; null: never. Left out: as it was.",
    )


class RevokeFilters(Filters):
    made_too = YesOrNo(
        required=False,
        default=False,
        help_text="Revoke the keys that it made, too, and those that they made.",
    )


class OldSecretOutput(serializers.Serializer[Any]):
    until = serializers.DateTimeField(source="old_until", help_text="Until then it works, too.")
    last_used_at = serializers.DateTimeField(
        source="old_used_at",
        allow_null=True,
        help_text="Since the rotation, to the minute; null: nobody uses it any more.",
    )


@example(_KEY)
class KeyOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The token begins with `esk_` and this.")
    state = serializers.ChoiceField(
        KEY_STATES, help_text="`stopped`: who made it isn't there any more. Only a `live` key lets in."
    )
    rights = serializers.ListField(child=serializers.ChoiceField(Right.choices))
    clients = serializers.ListField(
        child=serializers.UUIDField(),
        source="client_ids",
        allow_null=True,
        help_text="The only clients that it sees; null: all.",
    )
    rate = serializers.IntegerField(allow_null=True, help_text=_RATE)
    created_by = Named(allow_null=True)
    made_by_key = Named(allow_null=True, help_text="The key that made it, if a program did.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    last_used_from = OrNull(help_text="The network address that it was last used from.")
    rotated_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when its present secret is there."
    )
    old_secret = OldSecretOutput(
        source="*", allow_null=True, help_text="The one before the rotation, while it works."
    )
    revoked_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: ApiKey) -> Any:
        told = super().to_representation(instance)
        old = told["old_secret"] if instance.has_old_secret else None  # type: ignore[attr-defined]
        return {**told, "old_secret": old}


@example({**_ROTATED, "token": "esk_k7m2q9xw4d_…"})
class MadeKeyOutput(KeyOutput):
    token = serializers.CharField(help_text="Shown this once, and stored nowhere.")


class KeyViews(ApiView):
    rights = {
        **dict.fromkeys(("list", "retrieve"), Right.KEYS),
        **dict.fromkeys(("create", "partial_update", "rotate", "end_old", "destroy"), Right.KEYS),
    }
    filters = {"list": PageFilters, "destroy": RevokeFilters}
    known: KnownClients = staticmethod(no_clients)

    @operation("list_keys", "API keys, newest first; those that are over, too", gives=KeyOutput(many=True))
    def list(self, request: Request) -> Response:
        keys = list_keys(by=self.actor, now=clock.now())
        return self.page(keys, KeyOutput, by="-created_at", kind="t")

    @operation("get_key", "An API key", gives=KeyOutput)
    def retrieve(self, request: Request, key_id: UUID) -> Response:
        return Response(self._told(key_id, clock.now()))

    @operation(
        "make_key",
        "Make an API key",
        takes=KeyInput,
        gives=MadeKeyOutput,
        status=201,
        description="The answer's `token` is shown this once. A key can't do more than who makes it, nor outlive a"
        " key that makes it. Its owners are told by mail 7 days and 1 day before it ends.",
    )
    def create(self, request: Request) -> Response:
        given, now = self.body(KeyInput), clock.now()
        given["clients"] = choose_clients(given["clients"], self.known(self.actor))
        key, token = make_key(**given, by=self.actor, now=now)
        return Response({**self._told(key.pk, now), "token": token}, status=201)

    @operation(
        "change_key",
        "Rename or narrow an API key",
        takes=KeyChangeInput,
        gives=KeyOutput,
        conflicts=True,
        description="Its rights and clients can become fewer and its end nearer, never the other way round.",
    )
    def partial_update(self, request: Request, key_id: UUID) -> Response:
        given, now = self.body(KeyChangeInput), clock.now()
        if "clients" in given:
            given["client_ids"] = choose_clients(given.pop("clients"), self.known(self.actor))
        change_key(key_id, changes=given, by=self.actor, now=now)
        return Response(self._told(key_id, now))

    @operation(
        "rotate_key",
        "Rotate an API key",
        takes=RotationInput,
        gives=MadeKeyOutput,
        conflicts=True,
        description="A new secret for the same key. The old one works on for `overlap_seconds`, in which you put the new"
        " one in place. One rotation at a time: while the old secret works, the answer to another is 409.",
    )
    def rotate(self, request: Request, key_id: UUID) -> Response:
        given, now = self.body(RotationInput), clock.now()
        key, token = rotate_key(
            key_id,
            overlap=timedelta(seconds=given["overlap_seconds"]),
            ends="expires_at" in given,
            expires_at=given.get("expires_at"),
            by=self.actor,
            now=now,
        )
        return Response({**self._told(key.pk, now), "token": token})

    @operation(
        "end_old_secret",
        "End the old secret of a rotated API key",
        status=204,
        conflicts=True,
        description="Before its time. Nothing happens where there is none any more.",
    )
    def end_old(self, request: Request, key_id: UUID) -> Response:
        end_old_secret(key_id, by=self.actor, now=clock.now())
        return Response(status=204)

    @operation(
        "revoke_key",
        "Revoke an API key",
        status=204,
        description="It stops at once, by each of its secrets. Keys that it made go on, unless `made_too` says otherwise.",
    )
    def destroy(self, request: Request, key_id: UUID) -> Response:
        now = clock.now()
        key = get_key(key_id, by=self.actor, now=now)
        revoke_key(key, made_too=self.asked["made_too"], by=self.actor, now=now)
        return Response(status=204)

    def _told(self, key_id: UUID, now: datetime) -> dict[str, Any]:
        return dict(KeyOutput(get_key(key_id, by=self.actor, now=now)).data)

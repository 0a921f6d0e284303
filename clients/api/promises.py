"""What was promised (SLA policies), over the API."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.pagination import Keyset
from agency.api.preconditions import Seen, must_match, tagged
from agency.api.schema import operation
from agency.api.serializers import PageFilters
from agency.errors import Invalid, NotFound
from agency.rights import Right
from clients.actions.policies import return_to_default, set_sla_policy
from clients.api.effects import EffectsOutput
from clients.api.previews import LOOKS, Previewing
from clients.api.promise_shapes import SlaPolicyInput, SlaPolicyOutput, asked, pointer
from clients.models import Client, SlaPolicy
from clients.queries.clients import get_client, match_sla_policies, sla_policy_of
from clients.queries.policies import list_policies

_MOVES = (
    "A new version. Clocks that run are moved to it soon after, with the time that they used: a target that is used up "
    "already leaves a little grace, and a breach stays."
)


class _Promising(Previewing):
    """Saving, with the fields of an error called as in the body; and a preview of it."""

    def _save(self, client: Client | None, seen: Seen | None = None) -> SlaPolicy:
        given = asked(self.body(SlaPolicyInput))
        try:
            return set_sla_policy(client=client, **given, seen=seen, by=self.actor, now=clock.now())
        except Invalid as error:
            fields = {pointer(name): sentence for name, sentence in error.fields.items()}
            raise Invalid(error.message, fields=fields) from None

    def _versions(self, client: Client | None) -> Response:
        rows = list_policies(client, by=self.actor)
        return self.page(rows, SlaPolicyOutput, by="-effective_from", kind="t")


def _shown(policy: SlaPolicy | None, client_id: UUID | None) -> Response:
    """With the version as its ETag, and "0" where the default holds for a client."""
    if policy is None:
        raise NotFound
    return tagged(SlaPolicyOutput(policy).data, policy.version if policy.client_id == client_id else 0)


class DefaultSlaPolicyViews(_Promising):
    rights = {
        "retrieve": Right.READ,
        "update": Right.MANAGE,
        "preview": Right.MANAGE,
        "versions": Right.READ,
    }
    filters = {"versions": PageFilters}
    pagination_class = Keyset

    @operation(
        "get_default_sla_policy",
        "What every client is promised by default",
        gives=SlaPolicyOutput,
        tagged=True,
    )
    def retrieve(self, request: Request) -> Response:
        return _shown(sla_policy_of(None), None)

    @operation(
        "set_default_sla_policy",
        "Promise every client by default",
        takes=SlaPolicyInput,
        gives=SlaPolicyOutput,
        if_match="required",
        tagged=True,
        description=_MOVES,
    )
    def update(self, request: Request) -> Response:
        self._save(None, must_match(request))
        return self.retrieve(request)

    @operation(
        "preview_default_sla_policy",
        "What another default would change",
        takes=SlaPolicyInput,
        gives=EffectsOutput,
        description=LOOKS,
    )
    def preview(self, request: Request) -> Response:
        self.actor.require_all_clients()
        return self.previewed(lambda: self._save(None), None)

    @operation(
        "list_default_sla_policy_versions",
        "What every client was promised before",
        gives=SlaPolicyOutput(many=True),
        description="The newest first.",
    )
    def versions(self, request: Request) -> Response:
        return self._versions(None)


class SlaPolicyViews(_Promising):
    rights = {
        "retrieve": Right.READ,
        "update": Right.MANAGE,
        "destroy": Right.MANAGE,
        "preview": Right.MANAGE,
        "preview_default": Right.MANAGE,
        "versions": Right.READ,
    }
    filters = {"versions": PageFilters}
    pagination_class = Keyset

    @operation(
        "get_sla_policy",
        "What a client is promised",
        gives=SlaPolicyOutput,
        tagged=True,
        description='Its own policy, else the agency\'s default: then `client` is null, and the ETag `"0"`.',
    )
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        client_pk = get_client(client_id, by=self.actor).pk
        return _shown(match_sla_policies({client_pk})[client_pk], client_pk)

    @operation(
        "set_sla_policy",
        "Promise a client",
        takes=SlaPolicyInput,
        gives=SlaPolicyOutput,
        if_match="required",
        tagged=True,
        description=_MOVES,
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        self._save(get_client(client_id, by=self.actor), must_match(request))
        return self.retrieve(request, client_id)

    @operation(
        "return_to_default_sla_policy",
        "Promise a client the agency's default again",
        status=204,
        if_match="required",
        description="Its own versions stay readable. Clocks that run are moved. 404 where it has no policy of its own.",
    )
    def destroy(self, request: Request, client_id: UUID) -> Response:
        client, seen = get_client(client_id, by=self.actor), must_match(request)
        return_to_default(client, seen=seen, by=self.actor, now=clock.now())
        return Response(status=204)

    @operation(
        "preview_sla_policy",
        "What another promise to a client would change",
        takes=SlaPolicyInput,
        gives=EffectsOutput,
        description=LOOKS,
    )
    def preview(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        return self.previewed(lambda: self._save(client), client)

    @operation(
        "preview_return_to_default_sla_policy",
        "What going back to the agency's default would change",
        gives=EffectsOutput,
        description=f"{LOOKS} 404 where the client has no policy of its own.",
    )
    def preview_default(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        return self.previewed(lambda: return_to_default(client, by=self.actor, now=clock.now()), client)

    @operation(
        "list_sla_policy_versions",
        "What a client was promised by its own policies",
        gives=SlaPolicyOutput(many=True),
        description="The newest first; none where it never had a policy of its own.",
    )
    def versions(self, request: Request, client_id: UUID) -> Response:
        return self._versions(get_client(client_id, by=self.actor))

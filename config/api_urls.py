"""The API: every address under /api/."""

from collections.abc import Iterable
from typing import Any

from django.urls import URLPattern, include, path, re_path

from agency.api.agencies import AgencyViews
from agency.api.audit import AuditViews
from agency.api.channels import ChannelTrial, ChannelViews, RoomTrial, RoomViews
from agency.api.deliveries import DeliveryViews
from agency.api.docs import SchemaPage, nowhere, schema
from agency.api.event_stream import EventStreamViews
from agency.api.events import EventTypeViews, EventViews
from agency.api.identity import IdentityProviderTest, IdentityProviderViews, IdentityViews
from agency.api.keys import KeyViews
from agency.api.me import MeViews
from agency.api.members import MemberViews
from agency.api.notices import NoticeViews
from agency.api.webhooks import WebhookViews
from clients.api.calendars import CalendarViews
from clients.api.client_hours import ClientHoursViews
from clients.api.clients import ClientViews
from clients.api.contacts import ContactViews
from clients.api.default_calendar import DefaultCalendarViews
from clients.api.holidays import HolidayViews
from clients.api.ladders import DefaultLadderViews, LadderViews
from clients.api.member_hours import MemberHoursViews
from clients.api.on_call import OnCallViews
from clients.api.overrides import OverrideViews
from clients.api.policies import ApprovalPolicyViews
from clients.api.promises import DefaultSlaPolicyViews, SlaPolicyViews
from clients.api.rotas import RotaViews
from clients.api.templates import TemplateViews
from clients.queries.clients import known_clients
from mentions.api.authors import AuthorViews
from mentions.api.open_work import OpenWorkViews
from mentions.api.own_accounts import OwnAccountViews
from mentions.api.posts import PostViews
from mentions.api.queries import QueryViews
from mentions.api.sources import SourceViews
from workflows.actions.promise_preview import what_it_changes
from workflows.api.approvals import ApprovalViews
from workflows.api.bulk import BulkViews
from workflows.api.erasures import BlockViews, ErasureViews
from workflows.api.escalations import EscalationViews
from workflows.api.evidence import EvidenceViews
from workflows.api.excuses import ExcuseViews
from workflows.api.exports import ExportViews
from workflows.api.mention_notices import MentionNoticeViews
from workflows.api.mentions import MentionViews
from workflows.api.moves import MoveViews
from workflows.api.replies import ReplyViews
from workflows.api.reports import ReportViews
from workflows.api.response import ResponseViews
from workflows.api.results import ResultViews
from workflows.api.retention import RetentionViews
from workflows.api.sentiment import SentimentViews

ALL: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
SET: dict[str, Any] = {"get": "retrieve", "put": "update"}

of_agency = [
    path("me/", MeViews.as_view({"get": "retrieve"})),
    path("me/hours/", MemberHoursViews.as_view({**SET, "delete": "destroy"})),
    path("on-call/", OnCallViews.as_view({"get": "retrieve"})),
    path("rotas/", RotaViews.as_view(ALL)),
    path("rotas/<uuid:rota_id>/", RotaViews.as_view({**SET, "delete": "destroy"})),
    path("rotas/<uuid:rota_id>/overrides/", OverrideViews.as_view({"post": "create"})),
    path("rotas/<uuid:rota_id>/take-over/", OverrideViews.as_view({"post": "take_over"})),
    path("overrides/<uuid:override_id>/", OverrideViews.as_view({"get": "retrieve", "delete": "destroy"})),
    path("ladder/", DefaultLadderViews.as_view({**SET, "delete": "destroy"})),
    path("agency/", AgencyViews.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("sla-policy/", DefaultSlaPolicyViews.as_view(SET)),
    path("sla-policy/preview/", DefaultSlaPolicyViews.as_view({"post": "preview"}, effects=what_it_changes)),
    path("sla-policy/versions/", DefaultSlaPolicyViews.as_view({"get": "versions"})),
    path("members/", MemberViews.as_view(ALL, known=known_clients)),
    path("members/<uuid:member_id>/", MemberViews.as_view(ONE, known=known_clients)),
    path("members/<uuid:member_id>/invite/", MemberViews.as_view({"post": "invite"})),
    path("keys/", KeyViews.as_view(ALL, known=known_clients)),
    path(
        "keys/<uuid:key_id>/",
        KeyViews.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}, known=known_clients
        ),
    ),
    path("keys/<uuid:key_id>/rotate/", KeyViews.as_view({"post": "rotate"})),
    path("keys/<uuid:key_id>/old-secret/", KeyViews.as_view({"delete": "end_old"})),
    path("webhooks/", WebhookViews.as_view(ALL, known=known_clients)),
    path("webhooks/<uuid:webhook_id>/", WebhookViews.as_view(ONE, known=known_clients)),
    *(
        path(f"webhooks/<uuid:webhook_id>/{name}/", WebhookViews.as_view({"post": name}))
        for name in ("enable", "disable", "rotate", "test")
    ),
    path(
        "webhooks/<uuid:webhook_id>/replay/",
        WebhookViews.as_view({"post": "replay", "get": "replayed", "delete": "stop"}),
    ),
    path("webhooks/<uuid:webhook_id>/deliveries/", DeliveryViews.as_view({"get": "list"})),
    path("deliveries/<uuid:delivery_id>/", DeliveryViews.as_view({"get": "retrieve"})),
    path("deliveries/<uuid:delivery_id>/replay/", DeliveryViews.as_view({"post": "replay"})),
    path("identity-provider/", IdentityProviderViews.as_view({**SET, "delete": "destroy"})),
    path("identity-provider/test/", IdentityProviderTest.as_view({"post": "test"})),
    path("identity-provider/disable/", IdentityProviderViews.as_view({"post": "disable"})),
    path("identity-provider/enable/", IdentityProviderViews.as_view({"post": "enable"})),
    path("identities/", IdentityViews.as_view({"get": "list"})),
    path("identities/<uuid:identity_id>/", IdentityViews.as_view({"delete": "destroy"})),
    path("channels/", ChannelViews.as_view(ALL)),
    path("channels/<uuid:channel_id>/", ChannelViews.as_view(ONE)),
    path("channels/<uuid:channel_id>/enable/", ChannelViews.as_view({"post": "enable"})),
    path("channels/<uuid:channel_id>/test/", ChannelTrial.as_view({"post": "test"})),
    path("rooms/", RoomViews.as_view(ALL)),
    path("rooms/<uuid:room_id>/", RoomViews.as_view(ONE)),
    path("rooms/<uuid:room_id>/enable/", RoomViews.as_view({"post": "enable"})),
    path("rooms/<uuid:room_id>/test/", RoomTrial.as_view({"post": "test"})),
    path("notices/", NoticeViews.as_view({"get": "list"})),
    path("notices/<uuid:notice_id>/acknowledge/", NoticeViews.as_view({"post": "acknowledge"})),
    path("events/", EventViews.as_view({"get": "feed"})),
    path("events/stream/", EventStreamViews.as_view({"get": "stream"})),
    path("event-types/", EventTypeViews.as_view({"get": "types"})),
    path("audit/", AuditViews.as_view({"get": "list"})),
    path("audit/chain/", AuditViews.as_view({"get": "chain"})),
    path("audit/export/", AuditViews.as_view({"post": "export"})),
]
of_clients = [
    path("clients/", ClientViews.as_view(ALL)),
    path("clients/<uuid:client_id>/", ClientViews.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("clients/open-work/", OpenWorkViews.as_view({"get": "list"})),
    path("clients/<uuid:client_id>/results/", ResultViews.as_view({"get": "retrieve"})),
    path("clients/<uuid:client_id>/answers/", ResultViews.as_view({"get": "answers"})),
    path("clients/<uuid:client_id>/archive/", ClientViews.as_view({"post": "archive"})),
    path("clients/<uuid:client_id>/restore/", ClientViews.as_view({"post": "restore"})),
    path("clients/<uuid:client_id>/query/", QueryViews.as_view(SET)),
    path("clients/<uuid:client_id>/own-accounts/", OwnAccountViews.as_view(SET)),
    path("clients/<uuid:client_id>/approval-policy/", ApprovalPolicyViews.as_view(SET)),
    path("clients/<uuid:client_id>/sla-policy/", SlaPolicyViews.as_view({**SET, "delete": "destroy"})),
    *(
        path(
            f"clients/<uuid:client_id>/sla-policy/{name}/",
            SlaPolicyViews.as_view({"post": name.replace("-", "_")}, effects=what_it_changes),
        )
        for name in ("preview", "preview-default")
    ),
    path("clients/<uuid:client_id>/sla-policy/versions/", SlaPolicyViews.as_view({"get": "versions"})),
    path("clients/<uuid:client_id>/ladder/", LadderViews.as_view({**SET, "delete": "destroy"})),
    path("clients/<uuid:client_id>/hours/", ClientHoursViews.as_view(SET)),
    path(
        "clients/<uuid:client_id>/hours/preview/",
        ClientHoursViews.as_view({"post": "preview"}, effects=what_it_changes),
    ),
    path("calendars/", CalendarViews.as_view(ALL)),
    path(
        "calendars/<uuid:calendar_id>/", CalendarViews.as_view({"get": "retrieve", "patch": "partial_update"})
    ),
    path("calendars/<uuid:calendar_id>/versions/", CalendarViews.as_view({"post": "change"})),
    path(
        "calendars/<uuid:calendar_id>/versions/preview/",
        CalendarViews.as_view({"post": "preview"}, effects=what_it_changes),
    ),
    path("calendars/<uuid:calendar_id>/archive/", CalendarViews.as_view({"post": "archive"})),
    path("calendars/<uuid:calendar_id>/open/", CalendarViews.as_view({"get": "open"})),
    path("calendars/<uuid:calendar_id>/due/", CalendarViews.as_view({"get": "due"})),
    path("calendar-versions/<uuid:version_id>/", CalendarViews.as_view({"delete": "withdraw"})),
    path("default-calendar/", DefaultCalendarViews.as_view(SET)),
    path(
        "default-calendar/preview/",
        DefaultCalendarViews.as_view({"post": "preview"}, effects=what_it_changes),
    ),
    path("holidays/", HolidayViews.as_view({"get": "list"})),
    path("holidays/countries/", HolidayViews.as_view({"get": "countries"})),
    path("holidays/regions/", HolidayViews.as_view({"get": "regions"})),
    path("clients/<uuid:client_id>/retention/", RetentionViews.as_view(SET)),
    path("contacts/", ContactViews.as_view(ALL)),
    path("contacts/<uuid:contact_id>/", ContactViews.as_view(ONE)),
    path("contacts/<uuid:contact_id>/link/", ContactViews.as_view({"post": "link"})),
    path("templates/", TemplateViews.as_view(ALL)),
    path("templates/<uuid:template_id>/", TemplateViews.as_view(ONE)),
]
of_mentions = [
    path("sources/", SourceViews.as_view(ALL)),
    path("sources/<uuid:source_id>/", SourceViews.as_view(ONE)),
    path("sources/<uuid:source_id>/reads/", SourceViews.as_view({"get": "reads"})),
    *(
        path(f"sources/<uuid:source_id>/{name}/", SourceViews.as_view({"post": name}))
        for name in ("pause", "resume", "read")
    ),
    path("authors/<uuid:author_id>/", AuthorViews.as_view({"get": "retrieve"})),
    path("posts/<uuid:post_id>/", PostViews.as_view({"get": "retrieve"})),
    path("mentions/", MentionViews.as_view({"get": "list"})),
    path("mentions/count/", MentionViews.as_view({"get": "count"})),
    *(
        path(f"mentions/bulk/{name}/", BulkViews.as_view({"post": name}))
        for name in ("claim", "assign", "dismiss")
    ),
    path("mentions/<uuid:mention_id>/evidence/", EvidenceViews.as_view({"post": "create"})),
    path("mentions/<uuid:mention_id>/report/", ReportViews.as_view({"get": "retrieve"})),
    path("mentions/<uuid:mention_id>/notices/", MentionNoticeViews.as_view({"get": "list"})),
    path("approvals/", ApprovalViews.as_view({"get": "list"})),
    path("approvals/<uuid:approval_id>/", ApprovalViews.as_view({"get": "retrieve"})),
    path("approvals/<uuid:approval_id>/remind/", ApprovalViews.as_view({"post": "remind"})),
    path("mentions/<uuid:mention_id>/escalations/", EscalationViews.as_view({"get": "list"})),
    path("mentions/<uuid:mention_id>/acknowledge/", EscalationViews.as_view({"post": "acknowledge"})),
    path("mentions/<uuid:mention_id>/", MentionViews.as_view({"get": "retrieve"})),
    path("mentions/<uuid:mention_id>/sentiment/", SentimentViews.as_view({"put": "update"})),
    *(
        path(f"mentions/<uuid:mention_id>/{name}/", MoveViews.as_view({"post": name}))
        for name in ("claim", "release", "assign", "priority", "dismiss", "answered", "reopen")
    ),
    path("excuses/", ExcuseViews.as_view(ALL)),
    path("excuses/<uuid:excuse_id>/", ExcuseViews.as_view({"get": "retrieve"})),
    *(
        path(f"excuses/<uuid:excuse_id>/{name}/", ExcuseViews.as_view({"post": name}))
        for name in ("grant", "refuse", "withdraw")
    ),
    path("mentions/<uuid:mention_id>/response/", ResponseViews.as_view(SET)),
    path("mentions/<uuid:mention_id>/suggest/", ReplyViews.as_view({"get": "suggest"})),
    path("mentions/<uuid:mention_id>/send-again/", ReplyViews.as_view({"post": "send_again"})),
    *(
        path(f"mentions/<uuid:mention_id>/{name}/", ReplyViews.as_view({"post": name}))
        for name in ("draft", "submit", "clear", "recall", "revise", "attest")
    ),
]
of_data = [
    path("exports/", ExportViews.as_view(ALL)),
    path("exports/<uuid:export_id>/", ExportViews.as_view({"get": "retrieve", "delete": "destroy"})),
    path("exports/<uuid:export_id>/download/", ExportViews.as_view({"get": "download"})),
    path("erasures/", ErasureViews.as_view(ALL)),
    path("erasures/<uuid:erasure_id>/", ErasureViews.as_view({"get": "retrieve"})),
    path("erasures/<uuid:erasure_id>/call-off/", ErasureViews.as_view({"post": "call_off"})),
    path("author-blocks/", BlockViews.as_view({"get": "list"})),
    path("author-blocks/<uuid:block_id>/", BlockViews.as_view({"delete": "destroy"})),
]


def by_first_step(found: Iterable[URLPattern]) -> list[Any]:
    """The same addresses, looked through by their first step: a call then isn't compared with each of them."""
    groups: dict[str, list[URLPattern]] = {}
    for one in found:
        first, _, rest = str(one.pattern).partition("/")
        groups.setdefault(f"{first}/", []).append(path(rest, one.callback))
    return [path(first, include(below)) for first, below in groups.items()]


urlpatterns = [
    path("", SchemaPage.as_view(), name="api"),
    path("schema/", schema, name="api-schema"),
    path("v1/", include(by_first_step([*of_mentions, *of_clients, *of_agency, *of_data]))),
    re_path(r"", nowhere),
]

"""The API: every address under /api/."""

from typing import Any

from django.urls import include, path, re_path

from agency.api.agencies import AgencyViews
from agency.api.audit import AuditViews
from agency.api.docs import SchemaPage, nowhere, schema
from agency.api.events import EventViews
from agency.api.identity import IdentityProviderTest, IdentityProviderViews, IdentityViews
from agency.api.keys import KeyViews
from agency.api.me import MeViews
from agency.api.members import MemberViews
from clients.api.clients import ClientViews
from clients.api.contacts import ContactViews
from clients.api.policies import ApprovalPolicyViews, DefaultSlaPolicyViews, SlaPolicyViews
from clients.api.templates import TemplateViews
from clients.queries.clients import known_clients
from mentions.api.authors import AuthorViews
from mentions.api.posts import PostViews
from mentions.api.queries import QueryViews
from mentions.api.sources import SourceViews
from workflows.api.erasures import BlockViews, ErasureViews
from workflows.api.evidence import EvidenceViews
from workflows.api.exports import ExportViews
from workflows.api.mentions import MentionViews
from workflows.api.moves import MoveViews
from workflows.api.replies import ReplyViews
from workflows.api.retention import RetentionViews

ALL: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
SET: dict[str, Any] = {"get": "retrieve", "put": "update"}

of_agency = [
    path("me/", MeViews.as_view({"get": "retrieve"})),
    path("agency/", AgencyViews.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("sla-policy/", DefaultSlaPolicyViews.as_view(SET)),
    path("members/", MemberViews.as_view(ALL, known=known_clients)),
    path("members/<uuid:member_id>/", MemberViews.as_view(ONE, known=known_clients)),
    path("keys/", KeyViews.as_view(ALL, known=known_clients)),
    path("keys/<uuid:key_id>/", KeyViews.as_view({"delete": "destroy"})),
    path("identity-provider/", IdentityProviderViews.as_view({**SET, "delete": "destroy"})),
    path("identity-provider/test/", IdentityProviderTest.as_view({"post": "test"})),
    path("identity-provider/disable/", IdentityProviderViews.as_view({"post": "disable"})),
    path("identity-provider/enable/", IdentityProviderViews.as_view({"post": "enable"})),
    path("identities/", IdentityViews.as_view({"get": "list"})),
    path("identities/<uuid:identity_id>/", IdentityViews.as_view({"delete": "destroy"})),
    path("events/", EventViews.as_view({"get": "list"})),
    path("audit/", AuditViews.as_view({"get": "list"})),
    path("audit/chain/", AuditViews.as_view({"get": "chain"})),
]
of_clients = [
    path("clients/", ClientViews.as_view(ALL)),
    path("clients/<uuid:client_id>/", ClientViews.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("clients/<uuid:client_id>/archive/", ClientViews.as_view({"post": "archive"})),
    path("clients/<uuid:client_id>/restore/", ClientViews.as_view({"post": "restore"})),
    path("clients/<uuid:client_id>/query/", QueryViews.as_view(SET)),
    path("clients/<uuid:client_id>/approval-policy/", ApprovalPolicyViews.as_view(SET)),
    path("clients/<uuid:client_id>/sla-policy/", SlaPolicyViews.as_view(SET)),
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
    path("mentions/<uuid:mention_id>/evidence/", EvidenceViews.as_view({"post": "create"})),
    path("mentions/<uuid:mention_id>/", MentionViews.as_view({"get": "retrieve"})),
    *(
        path(f"mentions/<uuid:mention_id>/{name}/", MoveViews.as_view({"post": name}))
        for name in ("claim", "release", "assign", "priority", "dismiss", "reopen")
    ),
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
    path("erasures/<uuid:erasure_id>/", ErasureViews.as_view({"get": "retrieve", "delete": "destroy"})),
    path("author-blocks/", BlockViews.as_view({"get": "list"})),
    path("author-blocks/<uuid:block_id>/", BlockViews.as_view({"delete": "destroy"})),
]

urlpatterns = [
    path("", SchemaPage.as_view(), name="api"),
    path("schema/", schema, name="api-schema"),
    path("v1/", include([*of_agency, *of_clients, *of_mentions, *of_data])),
    re_path(r"", nowhere),
]

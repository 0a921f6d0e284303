"""The pages: every address that a person sees."""

from django.urls import path

from agency.web.activity import Activity, ChainPage, ExportActivity
from agency.web.agency_sign_in import AgencySignIn, AskCode, Back, Go
from agency.web.identity import (
    DeleteProvider,
    DisableProvider,
    EnableProvider,
    ProviderPage,
    SetProvider,
    TestProvider,
    Untie,
)
from agency.web.keys import Keys, RevokeKey
from agency.web.limits import LimitMember
from agency.web.settings import Settings, SwitchAgency
from agency.web.team import ChangeRole, RemoveMember, Team
from clients.queries.clients import known_clients
from clients.web.clients import AddClient, ArchiveClient, EditClient, RestoreClient
from clients.web.contacts import AddContact, EditContact, RemoveContact, SendLink
from clients.web.playbook import AddTemplate, ArchiveTemplate, EditTemplate, Playbook
from clients.web.policies import ClientApproval, ClientPromises, Promises
from mentions.web.clients import ClientDetail, ClientList
from mentions.web.listening import Listening
from mentions.web.sources import (
    AddSource,
    DeleteSource,
    EditSource,
    PauseSource,
    ReadSource,
    ResumeSource,
    SourceDetail,
    SourceList,
)
from workflows.web.approve import Approve, Fresh, Undo
from workflows.web.authors import AuthorPage, EraseAuthor
from workflows.web.client_data import ClientData, EraseClient
from workflows.web.data import (
    AskExport,
    CallOff,
    Data,
    DeleteExport,
    DownloadExport,
    EraseAgency,
    ExportAuthor,
    ExportClient,
    LiftBlock,
)
from workflows.web.evidence import EvidencePack
from workflows.web.inbox import Inbox
from workflows.web.mention import Attest, Draft, MentionPage, MoveMention, SetPriority
from workflows.web.see import FreshView, See

urlpatterns = [
    path("", Inbox.as_view(), name="inbox"),
    path("mentions/<uuid:mention_id>/", MentionPage.as_view(), name="mention"),
    path("mentions/<uuid:mention_id>/draft/", Draft.as_view(), name="mention-draft"),
    path("mentions/<uuid:mention_id>/attest/", Attest.as_view(), name="mention-attest"),
    path("mentions/<uuid:mention_id>/priority/", SetPriority.as_view(), name="mention-priority"),
    path("mentions/<uuid:mention_id>/evidence/", EvidencePack.as_view(), name="mention-evidence"),
    path("mentions/<uuid:mention_id>/move/<slug:move>/", MoveMention.as_view(), name="mention-move"),
    path("authors/<uuid:author_id>/", AuthorPage.as_view(), name="author"),
    path("authors/<uuid:author_id>/export/", ExportAuthor.as_view(), name="author-export"),
    path("authors/<uuid:author_id>/erase/", EraseAuthor.as_view(), name="author-erase"),
    path("clients/", ClientList.as_view(), name="client-list"),
    path("clients/add/", AddClient.as_view(), name="client-add"),
    path("clients/<uuid:client_id>/", ClientDetail.as_view(), name="client-detail"),
    path("clients/<uuid:client_id>/edit/", EditClient.as_view(), name="client-edit"),
    path("clients/<uuid:client_id>/archive/", ArchiveClient.as_view(), name="client-archive"),
    path("clients/<uuid:client_id>/restore/", RestoreClient.as_view(), name="client-restore"),
    path("clients/<uuid:client_id>/listening/", Listening.as_view(), name="client-listening"),
    path("clients/<uuid:client_id>/promises/", ClientPromises.as_view(), name="client-promises"),
    path("clients/<uuid:client_id>/approval/", ClientApproval.as_view(), name="client-approval"),
    path("clients/<uuid:client_id>/contacts/add/", AddContact.as_view(), name="contact-add"),
    path("clients/<uuid:client_id>/data/", ClientData.as_view(), name="client-data"),
    path("clients/<uuid:client_id>/data/export/", ExportClient.as_view(), name="client-export"),
    path("clients/<uuid:client_id>/data/erase/", EraseClient.as_view(), name="client-erase"),
    path("contacts/<uuid:contact_id>/", EditContact.as_view(), name="contact-edit"),
    path("contacts/<uuid:contact_id>/remove/", RemoveContact.as_view(), name="contact-remove"),
    path("contacts/<uuid:contact_id>/link/", SendLink.as_view(), name="contact-link"),
    path("sources/", SourceList.as_view(), name="source-list"),
    path("sources/add/", AddSource.as_view(), name="source-add"),
    path("sources/<uuid:source_id>/", SourceDetail.as_view(), name="source-detail"),
    path("sources/<uuid:source_id>/edit/", EditSource.as_view(), name="source-edit"),
    path("sources/<uuid:source_id>/read/", ReadSource.as_view(), name="source-read"),
    path("sources/<uuid:source_id>/pause/", PauseSource.as_view(), name="source-pause"),
    path("sources/<uuid:source_id>/resume/", ResumeSource.as_view(), name="source-resume"),
    path("sources/<uuid:source_id>/delete/", DeleteSource.as_view(), name="source-delete"),
    path("playbook/", Playbook.as_view(), name="playbook-list"),
    path("playbook/add/", AddTemplate.as_view(), name="template-add"),
    path("playbook/<uuid:template_id>/", EditTemplate.as_view(), name="template-edit"),
    path("playbook/<uuid:template_id>/archive/", ArchiveTemplate.as_view(), name="template-archive"),
    path("team/", Team.as_view(known=known_clients), name="team"),
    path("team/<uuid:member_id>/role/", ChangeRole.as_view(known=known_clients), name="member-role"),
    path("team/<uuid:member_id>/clients/", LimitMember.as_view(known=known_clients), name="member-clients"),
    path("team/<uuid:member_id>/remove/", RemoveMember.as_view(), name="member-remove"),
    path("keys/", Keys.as_view(known=known_clients), name="keys"),
    path("keys/<uuid:key_id>/revoke/", RevokeKey.as_view(), name="key-revoke"),
    path("settings/", Settings.as_view(), name="settings"),
    path("settings/data/", Data.as_view(), name="data"),
    path("settings/data/export/", AskExport.as_view(), name="data-export"),
    path(
        "settings/data/exports/<uuid:export_id>/download/", DownloadExport.as_view(), name="export-download"
    ),
    path("settings/data/exports/<uuid:export_id>/delete/", DeleteExport.as_view(), name="export-delete"),
    path("settings/data/blocks/<uuid:block_id>/lift/", LiftBlock.as_view(), name="block-lift"),
    path("settings/data/erase/", EraseAgency.as_view(), name="data-erase"),
    path("settings/data/keep/", CallOff.as_view(), name="data-call-off"),
    path("settings/promises/", Promises.as_view(), name="promises"),
    path("settings/sign-in/", ProviderPage.as_view(), name="identity-provider"),
    path("settings/sign-in/set/", SetProvider.as_view(), name="identity-provider-set"),
    path("settings/sign-in/test/", TestProvider.as_view(), name="identity-provider-test"),
    path("settings/sign-in/enable/", EnableProvider.as_view(), name="identity-provider-enable"),
    path("settings/sign-in/disable/", DisableProvider.as_view(), name="identity-provider-disable"),
    path("settings/sign-in/delete/", DeleteProvider.as_view(), name="identity-provider-delete"),
    path("settings/sign-in/tied/<uuid:identity_id>/", Untie.as_view(), name="identity-untie"),
    path("accounts/agency/", AskCode.as_view(), name="agency-sign-in-code"),
    path("accounts/agency/<slug:code>/", AgencySignIn.as_view(), name="agency-sign-in"),
    path("accounts/agency/<slug:code>/go/", Go.as_view(), name="agency-sign-in-go"),
    path("accounts/agency/<slug:code>/back/", Back.as_view(), name="agency-sign-in-back"),
    path("activity/", Activity.as_view(known=known_clients), name="activity"),
    path("activity/export/", ExportActivity.as_view(known=known_clients), name="activity-export"),
    path("activity/chain/", ChainPage.as_view(), name="activity-chain"),
    path("switch/", SwitchAgency.as_view(), name="agency-switch"),
    path("approve/<str:token>/", Approve.as_view(), name="approve"),
    path("approve/<str:token>/undo/", Undo.as_view(), name="approve-undo"),
    path("approve/<str:token>/fresh/", Fresh.as_view(), name="approve-fresh"),
    path("see/<str:token>/", See.as_view(), name="see"),
    path("see/<str:token>/fresh/", FreshView.as_view(), name="see-fresh"),
]

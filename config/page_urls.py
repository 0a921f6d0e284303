"""The pages: every address that a person sees."""

from django.urls import path

from agency.web.activity import Activity
from agency.web.keys import Keys, RevokeKey
from agency.web.settings import Settings, SwitchAgency
from agency.web.team import ChangeRole, RemoveMember, Team
from clients.web.clients import AddClient, ArchiveClient, EditClient, RestoreClient
from clients.web.contacts import AddContact, EditContact, RemoveContact
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
from workflows.web.inbox import Inbox
from workflows.web.mention import Attest, Draft, MentionPage, MoveMention, SetPriority

urlpatterns = [
    path("", Inbox.as_view(), name="inbox"),
    path("mentions/<uuid:mention_id>/", MentionPage.as_view(), name="mention"),
    path("mentions/<uuid:mention_id>/draft/", Draft.as_view(), name="mention-draft"),
    path("mentions/<uuid:mention_id>/attest/", Attest.as_view(), name="mention-attest"),
    path("mentions/<uuid:mention_id>/priority/", SetPriority.as_view(), name="mention-priority"),
    path("mentions/<uuid:mention_id>/move/<slug:move>/", MoveMention.as_view(), name="mention-move"),
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
    path("contacts/<uuid:contact_id>/", EditContact.as_view(), name="contact-edit"),
    path("contacts/<uuid:contact_id>/remove/", RemoveContact.as_view(), name="contact-remove"),
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
    path("team/", Team.as_view(), name="team"),
    path("team/<uuid:member_id>/role/", ChangeRole.as_view(), name="member-role"),
    path("team/<uuid:member_id>/remove/", RemoveMember.as_view(), name="member-remove"),
    path("keys/", Keys.as_view(), name="keys"),
    path("keys/<uuid:key_id>/revoke/", RevokeKey.as_view(), name="key-revoke"),
    path("settings/", Settings.as_view(), name="settings"),
    path("settings/promises/", Promises.as_view(), name="promises"),
    path("activity/", Activity.as_view(), name="activity"),
    path("switch/", SwitchAgency.as_view(), name="agency-switch"),
    path("approve/<str:token>/", Approve.as_view(), name="approve"),
    path("approve/<str:token>/undo/", Undo.as_view(), name="approve-undo"),
    path("approve/<str:token>/fresh/", Fresh.as_view(), name="approve-fresh"),
]

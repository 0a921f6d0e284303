"""The pages: every address that a person sees."""

from django.urls import path

from agency.web.acknowledge import Acknowledge as AcknowledgeNotice
from agency.web.activity import Activity, ChainPage, ExportActivity
from agency.web.agency_sign_in import AgencySignIn, AskCode, Back, Go
from agency.web.channels import (
    AddChannel,
    AddRoom,
    Channels,
    DeleteChannel,
    DeleteRoom,
    EditChannel,
    EditRoom,
    EnableChannel,
    EnableRoom,
    Rooms,
    TestChannel,
    TestRoom,
)
from agency.web.deliveries import DeliveryPage, ReplayDelivery, ReplayRange, StopReplay, WebhookDetail
from agency.web.identity import (
    DeleteProvider,
    DisableProvider,
    EnableProvider,
    ProviderPage,
    SetProvider,
    TestProvider,
    Untie,
)
from agency.web.key_changes import AddKey, ChangeKey, EndOldSecret, RevokeKey, RotateKey
from agency.web.keys import KeyDetail, Keys
from agency.web.limits import LimitMember
from agency.web.notices import Notices
from agency.web.settings import Settings, SwitchAgency
from agency.web.team import ChangeRole, InviteAgain, RemoveMember, Team
from agency.web.webhooks import (
    AddWebhook,
    DeleteWebhook,
    DisableWebhook,
    EditWebhook,
    EnableWebhook,
    RotateWebhook,
    TestWebhook,
    Webhooks,
)
from clients.queries.clients import known_clients
from clients.web.calendars import (
    AddCalendar,
    ArchiveCalendar,
    CalendarList,
    CalendarPage,
    ChangeCalendar,
    DefaultCalendar,
    RenameCalendar,
    WithdrawVersion,
)
from clients.web.client_hours import ClientHours
from clients.web.clients import AddClient, ArchiveClient, EditClient, RestoreClient
from clients.web.contacts import AddContact, EditContact, RemoveContact, SendLink
from clients.web.ladders import ClientLadder, LadderPage, ResetClientLadder, ResetLadder
from clients.web.member_hours import MyHours
from clients.web.playbook import AddTemplate, ArchiveTemplate, EditTemplate, Playbook
from clients.web.policies import ClientApproval
from clients.web.promises import ClientPromises, Promises, ReturnToDefault
from clients.web.rotas import (
    AddOverride,
    AddRota,
    EditRota,
    EndOverride,
    EndRota,
    OnCallPage,
    TakeOver,
)
from mentions.web.clients import ClientDetail, ClientList
from mentions.web.listening import Listening
from mentions.web.own_accounts import OwnAccounts
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
from workflows.actions.promise_preview import what_it_changes
from workflows.web.acknowledge import Acknowledge
from workflows.web.alert import AlertPage
from workflows.web.approve import Approve, Fresh, Undo
from workflows.web.authors import AuthorPage, EraseAuthor
from workflows.web.bulk import BulkAct
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
from workflows.web.excuses import AskExcuse, DecideExcuse, ExcuseList, WithdrawExcuse
from workflows.web.inbox import Inbox
from workflows.web.mention import Attest, Draft, MentionPage, MoveMention, SetPriority
from workflows.web.remind import Remind
from workflows.web.report import MentionReport
from workflows.web.see import FreshView, See

urlpatterns = [
    path("", Inbox.as_view(), name="inbox"),
    path("mentions/bulk/", BulkAct.as_view(), name="mentions-bulk"),
    path("mentions/<uuid:mention_id>/", MentionPage.as_view(), name="mention"),
    path("mentions/<uuid:mention_id>/draft/", Draft.as_view(), name="mention-draft"),
    path("mentions/<uuid:mention_id>/attest/", Attest.as_view(), name="mention-attest"),
    path("mentions/<uuid:mention_id>/priority/", SetPriority.as_view(), name="mention-priority"),
    path("mentions/<uuid:mention_id>/remind/", Remind.as_view(), name="mention-remind"),
    path("mentions/<uuid:mention_id>/acknowledge/", Acknowledge.as_view(), name="mention-acknowledge"),
    path("mentions/<uuid:mention_id>/evidence/", EvidencePack.as_view(), name="mention-evidence"),
    path("mentions/<uuid:mention_id>/report/", MentionReport.as_view(), name="mention-report"),
    path("mentions/<uuid:mention_id>/move/<slug:move>/", MoveMention.as_view(), name="mention-move"),
    path("clocks/<uuid:clock_id>/excuse/", AskExcuse.as_view(), name="excuse-ask"),
    path("excuses/", ExcuseList.as_view(), name="excuses"),
    path("excuses/<uuid:excuse_id>/", DecideExcuse.as_view(), name="excuse"),
    path("excuses/<uuid:excuse_id>/withdraw/", WithdrawExcuse.as_view(), name="excuse-withdraw"),
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
    path(
        "clients/<uuid:client_id>/promises/",
        ClientPromises.as_view(effects=what_it_changes),
        name="client-promises",
    ),
    path(
        "clients/<uuid:client_id>/promises/return/",
        ReturnToDefault.as_view(effects=what_it_changes),
        name="client-promises-return",
    ),
    path(
        "clients/<uuid:client_id>/hours/",
        ClientHours.as_view(effects=what_it_changes),
        name="client-hours",
    ),
    path("clients/<uuid:client_id>/accounts/", OwnAccounts.as_view(), name="client-accounts"),
    path("clients/<uuid:client_id>/ladder/", ClientLadder.as_view(), name="client-ladder"),
    path("clients/<uuid:client_id>/ladder/reset/", ResetClientLadder.as_view(), name="client-ladder-reset"),
    path("clients/<uuid:client_id>/approval/", ClientApproval.as_view(), name="client-approval"),
    path("clients/<uuid:client_id>/contacts/add/", AddContact.as_view(), name="contact-add"),
    path("clients/<uuid:client_id>/data/", ClientData.as_view(), name="client-data"),
    path("clients/<uuid:client_id>/data/export/", ExportClient.as_view(), name="client-export"),
    path("clients/<uuid:client_id>/data/erase/", EraseClient.as_view(), name="client-erase"),
    path("contacts/<uuid:contact_id>/", EditContact.as_view(), name="contact-edit"),
    path("contacts/<uuid:contact_id>/remove/", RemoveContact.as_view(), name="contact-remove"),
    path("contacts/<uuid:contact_id>/link/", SendLink.as_view(), name="contact-link"),
    path("on-call/", OnCallPage.as_view(), name="on-call"),
    path("on-call/rotas/add/", AddRota.as_view(), name="rota-add"),
    path("on-call/rotas/<uuid:rota_id>/", EditRota.as_view(), name="rota-edit"),
    path("on-call/rotas/<uuid:rota_id>/end/", EndRota.as_view(), name="rota-end"),
    path("on-call/rotas/<uuid:rota_id>/take-over/", TakeOver.as_view(), name="rota-take"),
    path("on-call/rotas/<uuid:rota_id>/overrides/add/", AddOverride.as_view(), name="override-add"),
    path("on-call/overrides/<uuid:override_id>/end/", EndOverride.as_view(), name="override-end"),
    path("settings/ladder/", LadderPage.as_view(), name="ladder"),
    path("settings/ladder/reset/", ResetLadder.as_view(), name="ladder-reset"),
    path("settings/hours/", MyHours.as_view(), name="my-hours"),
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
    path("team/<uuid:member_id>/invite/", InviteAgain.as_view(known=known_clients), name="member-invite"),
    path("team/<uuid:member_id>/remove/", RemoveMember.as_view(), name="member-remove"),
    path("keys/", Keys.as_view(known=known_clients), name="keys"),
    path("keys/add/", AddKey.as_view(known=known_clients), name="key-add"),
    path("keys/<uuid:key_id>/", KeyDetail.as_view(known=known_clients), name="key"),
    path("keys/<uuid:key_id>/change/", ChangeKey.as_view(known=known_clients), name="key-change"),
    path("keys/<uuid:key_id>/rotate/", RotateKey.as_view(known=known_clients), name="key-rotate"),
    path("keys/<uuid:key_id>/end-old-secret/", EndOldSecret.as_view(), name="key-end-old"),
    path("keys/<uuid:key_id>/revoke/", RevokeKey.as_view(), name="key-revoke"),
    path("webhooks/", Webhooks.as_view(known=known_clients), name="webhooks"),
    path("webhooks/add/", AddWebhook.as_view(known=known_clients), name="webhook-add"),
    path("webhooks/<uuid:webhook_id>/", WebhookDetail.as_view(known=known_clients), name="webhook"),
    path("webhooks/<uuid:webhook_id>/edit/", EditWebhook.as_view(known=known_clients), name="webhook-edit"),
    path("webhooks/<uuid:webhook_id>/test/", TestWebhook.as_view(), name="webhook-test"),
    path("webhooks/<uuid:webhook_id>/rotate/", RotateWebhook.as_view(), name="webhook-rotate"),
    path("webhooks/<uuid:webhook_id>/enable/", EnableWebhook.as_view(), name="webhook-enable"),
    path("webhooks/<uuid:webhook_id>/disable/", DisableWebhook.as_view(), name="webhook-disable"),
    path("webhooks/<uuid:webhook_id>/delete/", DeleteWebhook.as_view(), name="webhook-delete"),
    path("webhooks/<uuid:webhook_id>/replay/", ReplayRange.as_view(), name="webhook-replay"),
    path("webhooks/<uuid:webhook_id>/replay/stop/", StopReplay.as_view(), name="webhook-stop"),
    path("deliveries/<uuid:delivery_id>/", DeliveryPage.as_view(), name="delivery"),
    path("deliveries/<uuid:delivery_id>/replay/", ReplayDelivery.as_view(), name="delivery-replay"),
    path("settings/", Settings.as_view(), name="settings"),
    path("channels/", Channels.as_view(), name="channels"),
    *(
        path(f"channels/add/{kind}/", AddChannel.as_view(kind=kind), name=f"channel-add-{kind}")
        for kind in ("mail", "apprise", "webhook")
    ),
    path("channels/<uuid:channel_id>/", EditChannel.as_view(), name="channel-edit"),
    path("channels/<uuid:channel_id>/test/", TestChannel.as_view(), name="channel-test"),
    path("channels/<uuid:channel_id>/enable/", EnableChannel.as_view(), name="channel-enable"),
    path("channels/<uuid:channel_id>/delete/", DeleteChannel.as_view(), name="channel-delete"),
    path("settings/rooms/", Rooms.as_view(), name="rooms"),
    *(
        path(f"settings/rooms/add/{kind}/", AddRoom.as_view(kind=kind), name=f"room-add-{kind}")
        for kind in ("mail", "apprise", "webhook")
    ),
    path("settings/rooms/<uuid:room_id>/", EditRoom.as_view(), name="room-edit"),
    path("settings/rooms/<uuid:room_id>/test/", TestRoom.as_view(), name="room-test"),
    path("settings/rooms/<uuid:room_id>/enable/", EnableRoom.as_view(), name="room-enable"),
    path("settings/rooms/<uuid:room_id>/delete/", DeleteRoom.as_view(), name="room-delete"),
    path("settings/notices/", Notices.as_view(), name="notices"),
    path("settings/data/", Data.as_view(), name="data"),
    path("settings/data/export/", AskExport.as_view(), name="data-export"),
    path(
        "settings/data/exports/<uuid:export_id>/download/", DownloadExport.as_view(), name="export-download"
    ),
    path("settings/data/exports/<uuid:export_id>/delete/", DeleteExport.as_view(), name="export-delete"),
    path("settings/data/blocks/<uuid:block_id>/lift/", LiftBlock.as_view(), name="block-lift"),
    path("settings/data/erase/", EraseAgency.as_view(), name="data-erase"),
    path("settings/data/keep/", CallOff.as_view(), name="data-call-off"),
    path("calendars/", CalendarList.as_view(), name="calendar-list"),
    path("calendars/add/", AddCalendar.as_view(), name="calendar-add"),
    path("calendars/<uuid:calendar_id>/", CalendarPage.as_view(), name="calendar"),
    path(
        "calendars/<uuid:calendar_id>/change/",
        ChangeCalendar.as_view(effects=what_it_changes),
        name="calendar-change",
    ),
    path("calendars/<uuid:calendar_id>/rename/", RenameCalendar.as_view(), name="calendar-rename"),
    path(
        "calendars/<uuid:calendar_id>/default/",
        DefaultCalendar.as_view(effects=what_it_changes),
        name="calendar-default",
    ),
    path("calendars/<uuid:calendar_id>/archive/", ArchiveCalendar.as_view(), name="calendar-archive"),
    path(
        "calendar-versions/<uuid:version_id>/withdraw/", WithdrawVersion.as_view(), name="calendar-withdraw"
    ),
    path("settings/promises/", Promises.as_view(effects=what_it_changes), name="promises"),
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
    path("ack/<str:token>/", AcknowledgeNotice.as_view(), name="notice-acknowledge"),
    path("approve/<str:token>/", Approve.as_view(), name="approve"),
    path("approve/<str:token>/undo/", Undo.as_view(), name="approve-undo"),
    path("approve/<str:token>/fresh/", Fresh.as_view(), name="approve-fresh"),
    path("alert/<str:token>/", AlertPage.as_view(), name="alert"),
    path("see/<str:token>/", See.as_view(), name="see"),
    path("see/<str:token>/fresh/", FreshView.as_view(), name="see-fresh"),
]

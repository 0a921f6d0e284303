"""What a page does, and which operation of the API does the same; or why none is wanted.

A page is called as in `config/page_urls.py`; what it shows (GET) and what it does (POST) are told apart.
"""

from dataclasses import dataclass, field

# Why no program does it.
OWN = "a person's own account: nobody's program changes how somebody signs in"
LINK = "a contact's own link, by mail, is the authority; staff have the same by their own operations"
ASKS = "asks before something is done; what it shows of it is at the operation of what is asked about"
FORM = "an empty form; what it offers to choose from is at the operations of what is chosen"


@dataclass(frozen=True)
class Does:
    """The operations that do the same together.

    Attributes:
        fields: a field of the page's form → what the operation calls it, where that is another name.
        without: a field of the page's form → why the API needs none.
    """

    operations: tuple[str, ...] = ()
    why_not: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)


def does(*operations: str, without: dict[str, str] | None = None, **fields: str) -> Does:
    return Does(operations, fields=fields, without=without or {})


def no(why: str) -> Does:
    return Does(why_not=why)


TAKES = "takes forms alone; whoever reloads its address is led back to the page that has them"

PREVIEW = {"preview": "each button is an operation: the one that saves, or its preview"}

Key = tuple[str, str]  # (name, method)

_MOVES = {
    "claim": "claim_mention",
    "release": "release_mention",
    "dismiss": "dismiss_mention",
    "recall": "recall_reply",
    "revise": "revise_reply",
    "reopen": "reopen_mention",
    "answered": "note_answer",
    "send-again": "send_reply_again",
    "assign": "assign_mention",
}
# Pages that show a question, or an empty form.
_ASKING = (
    *("delivery-replay", "webhook-delete", "webhook-disable", "webhook-edit", "webhook-enable"),
    *("webhook-replay", "webhook-rotate", "webhook-stop", "webhook-test"),
    *(
        "author-erase",
        "author-export",
        "block-lift",
        "calendar-archive",
        "calendar-default",
        "calendar-rename",
    ),
    *(
        "calendar-withdraw",
        "channel-delete",
        "channel-enable",
        "channel-test",
        "client-archive",
        "client-edit",
    ),
    *("client-erase", "client-export", "client-ladder-reset", "client-promises-return", "client-restore"),
    *("contact-remove", "data-call-off", "data-erase", "data-export", "excuse-withdraw", "export-delete"),
    *("identity-provider-delete", "identity-provider-disable", "identity-provider-enable"),
    *(
        "identity-provider-test",
        "identity-untie",
        "key-revoke",
        "key-change",
        "key-rotate",
        "key-end-old",
        "ladder-reset",
        "member-remove",
        "room-delete",
    ),
    *("room-enable", "room-test", "rota-end", "rota-take", "source-delete", "template-archive"),
)
_EMPTY = (
    "webhook-add",
    *("client-add", "contact-add", "excuse-ask", "override-add", "rota-add", "source-add", "template-add"),
    "key-add",
    *(f"{thing}-add-{kind}" for thing in ("channel", "room") for kind in ("mail", "apprise", "webhook")),
)
_TAKING = (
    *(
        "approve-fresh",
        "approve-undo",
        "member-role",
        "mention-acknowledge",
        "mention-attest",
        "mention-draft",
    ),
    *("member-invite", "mention-move", "mention-priority", "mention-remind", "mentions-bulk", "see-fresh"),
)
_SIGN_IN = ("agency-sign-in", "agency-sign-in-back", "agency-sign-in-code", "agency-sign-in-go")

# What the platform of a source needs is inside its settings.
_SETTINGS = dict.fromkeys(("url", "username", "password"), "settings")

PAGES: dict[Key, Does] = {
    **{(name, "GET"): no(ASKS) for name in _ASKING},
    **{(name, "GET"): no(FORM) for name in _EMPTY},
    **{(name, "GET"): no(TAKES) for name in _TAKING},
    **{(name, "GET"): no(OWN) for name in _SIGN_IN},
    ("agency-sign-in-code", "POST"): no(OWN),
    # The desk
    ("inbox", "GET"): does("list_mentions", "count_mentions", deadline="overdue", posted="published_since"),
    ("mentions-bulk", "POST"): does(
        "claim_mentions",
        "assign_mentions",
        "dismiss_mentions",
        pick="mentions",
        without={"do": "each button is an operation", "here": "the list that one comes back to"},
    ),
    ("mention", "GET"): does("get_mention", "list_escalations", "suggest_reply", "list_mention_notices"),
    ("mention-draft", "POST"): does(
        "draft_reply",
        "submit_reply",
        "clear_reply",
        "suggest_reply",
        without={"then": "each button is an operation: draft, submit, clear, suggest"},
    ),
    ("mention-attest", "POST"): does("attest_reply"),
    ("mention-priority", "POST"): does("set_priority"),
    ("mention-acknowledge", "POST"): does("acknowledge_mention"),
    ("mention-evidence", "POST"): does("take_evidence"),
    ("mention-report", "GET"): does("get_mention_report"),
    ("mention-move", "POST"): does(*_MOVES.values(), member="assignee"),
    ("excuse-ask", "POST"): does("ask_excuse"),
    ("excuses", "GET"): does("list_excuses"),
    ("excuse", "GET"): does("get_excuse"),
    ("excuse", "POST"): does(
        "grant_excuse", "refuse_excuse", without={"verdict": "each button is an operation"}
    ),
    ("excuse-withdraw", "POST"): does("withdraw_excuse"),
    ("author", "GET"): does("get_author", "list_mentions"),
    ("author-export", "POST"): does("request_export"),
    ("author-erase", "POST"): does("request_erasure"),
    # Clients
    ("client-list", "GET"): does("list_clients", "list_open_work"),
    ("client-add", "POST"): does("create_client"),
    ("client-detail", "GET"): does(
        *(
            "get_client",
            "list_contacts",
            "get_own_accounts",
            "get_query",
            "get_sla_policy",
            "get_client_hours",
        ),
        *(
            "get_approval_policy",
            "get_on_call",
            "list_templates",
            "list_sources",
            "get_results",
            "list_answers",
        ),
    ),
    ("client-edit", "POST"): does("change_client"),
    ("client-archive", "POST"): does("archive_client"),
    ("client-restore", "POST"): does("restore_client"),
    ("client-listening", "GET"): does("get_query"),
    ("client-listening", "POST"): does("set_query"),
    ("client-accounts", "GET"): does("get_own_accounts"),
    ("client-accounts", "POST"): does("set_own_accounts"),
    ("client-approval", "GET"): does("get_approval_policy"),
    ("client-approval", "POST"): does("set_approval_policy"),
    ("client-data", "GET"): does("get_retention"),
    ("client-data", "POST"): does("set_retention", "get_retention", keep="keep_days", other="keep_days"),
    ("client-export", "POST"): does("request_export"),
    ("client-erase", "POST"): does("request_erasure"),
    ("contact-add", "POST"): does("add_contact"),
    ("contact-edit", "GET"): does("get_contact"),
    ("contact-edit", "POST"): does("change_contact"),
    ("contact-remove", "POST"): does("remove_contact"),
    ("contact-link", "POST"): does("send_contact_link"),
    # Hours and promises
    ("calendar-list", "GET"): does("list_calendars", "get_default_calendar"),
    ("calendar-add", "GET"): does("list_holiday_countries", "list_holiday_regions"),
    ("calendar-add", "POST"): does("create_calendar", zone="time_zone"),
    ("calendar", "GET"): does("get_calendar", "is_calendar_open", "count_calendar_time", "list_holidays"),
    ("calendar-change", "GET"): does("get_calendar", "list_holiday_countries", "list_holiday_regions"),
    ("calendar-change", "POST"): does(
        "change_calendar", "preview_calendar_change", without=PREVIEW, zone="time_zone"
    ),
    ("calendar-rename", "POST"): does("rename_calendar"),
    ("calendar-default", "POST"): does("set_default_calendar", "preview_default_calendar", without=PREVIEW),
    ("calendar-archive", "POST"): does("archive_calendar"),
    ("calendar-withdraw", "POST"): does("withdraw_calendar_version"),
    ("client-hours", "GET"): does("get_client_hours", "list_calendars"),
    ("client-hours", "POST"): does("set_client_hours", "preview_client_hours", without=PREVIEW),
    ("promises", "GET"): does("get_default_sla_policy", "list_default_sla_policy_versions"),
    ("promises", "POST"): does("set_default_sla_policy", "preview_default_sla_policy", without=PREVIEW),
    ("client-promises", "GET"): does("get_sla_policy", "list_sla_policy_versions"),
    ("client-promises", "POST"): does("set_sla_policy", "preview_sla_policy", without=PREVIEW),
    ("client-promises-return", "POST"): does(
        "return_to_default_sla_policy", "preview_return_to_default_sla_policy", without=PREVIEW
    ),
    # Who is on call, and who is told
    ("on-call", "GET"): does("list_rotas", "get_on_call"),
    ("rota-add", "POST"): does("add_rota", zone="time_zone", every="turn_days"),
    ("rota-edit", "GET"): does("get_rota"),
    ("rota-edit", "POST"): does("change_rota", zone="time_zone", every="turn_days"),
    ("rota-end", "POST"): does("end_rota"),
    ("rota-take", "POST"): does("take_over_rota"),
    ("override-add", "POST"): does("add_override"),
    ("override-end", "GET"): does("get_override"),
    ("override-end", "POST"): does("end_override"),
    ("ladder", "GET"): does("get_default_ladder"),
    ("ladder", "POST"): does("set_default_ladder"),
    ("ladder-reset", "POST"): does("reset_default_ladder"),
    ("client-ladder", "GET"): does("get_ladder"),
    ("client-ladder", "POST"): does("set_ladder"),
    ("client-ladder-reset", "POST"): does("reset_ladder"),
    ("my-hours", "GET"): does("get_my_hours"),
    ("my-hours", "POST"): does(
        "set_my_hours",
        "clear_my_hours",
        zone="time_zone",
        without={"how": "a week, a calendar, or neither: what is sent says it"},
    ),
    # Sources and the playbook
    ("source-list", "GET"): does("list_sources"),
    ("source-add", "POST"): does("add_source", reply_url="settings", **_SETTINGS),
    ("source-detail", "GET"): does("get_source", "list_reads"),
    ("source-edit", "GET"): does("get_source"),
    ("source-edit", "POST"): does("change_source", **_SETTINGS),
    ("source-read", "POST"): does("read_source"),
    ("source-pause", "POST"): does("pause_source"),
    ("source-resume", "POST"): does("resume_source"),
    ("source-delete", "POST"): does("delete_source"),
    ("playbook-list", "GET"): does("list_templates"),
    ("template-add", "POST"): does("add_template"),
    ("template-edit", "GET"): does("get_template"),
    ("template-edit", "POST"): does("change_template"),
    ("template-archive", "POST"): does("archive_template"),
    # The agency
    ("team", "GET"): does("list_members"),
    ("team", "POST"): does("invite_member"),
    ("member-role", "POST"): does("change_member"),
    ("member-clients", "GET"): does("get_member"),
    ("member-clients", "POST"): does("change_member"),
    ("member-remove", "POST"): does("remove_member"),
    ("member-invite", "POST"): does("invite_member_again"),
    ("mention-remind", "POST"): does("remind_approvers"),
    ("keys", "GET"): does("list_keys"),
    ("key-add", "POST"): does("make_key", ends="expires_at", ends_on="expires_at"),
    ("key", "GET"): does("get_key"),
    ("key-change", "POST"): does("change_key"),
    ("key-rotate", "POST"): does(
        "rotate_key", ends="expires_at", ends_on="expires_at", overlap="overlap_seconds"
    ),
    ("key-end-old", "POST"): does("end_old_secret"),
    ("key-revoke", "POST"): does("revoke_key"),
    ("webhooks", "GET"): does("list_webhooks"),
    ("webhook", "GET"): does("get_webhook", "list_deliveries", "get_webhook_replay"),
    ("webhook-add", "POST"): does("add_webhook"),
    ("webhook-edit", "POST"): does("change_webhook"),
    ("webhook-test", "POST"): does("test_webhook"),
    ("webhook-rotate", "POST"): does("rotate_webhook_secret", overlap="overlap_seconds"),
    ("webhook-enable", "POST"): does("enable_webhook"),
    ("webhook-disable", "POST"): does("disable_webhook"),
    ("webhook-delete", "POST"): does("delete_webhook"),
    ("webhook-replay", "POST"): does("replay_webhook"),
    ("webhook-stop", "POST"): does("stop_webhook_replay"),
    ("delivery", "GET"): does("get_delivery"),
    ("delivery-replay", "POST"): does("replay_delivery"),
    ("settings", "GET"): does("get_agency", "get_me"),
    ("settings", "POST"): does("change_agency"),
    ("channels", "GET"): does("list_channels"),
    ("channel-edit", "GET"): does("get_channel"),
    ("channel-edit", "POST"): does("change_channel"),
    ("channel-test", "POST"): does("test_channel"),
    ("channel-enable", "POST"): does("enable_channel"),
    ("channel-delete", "POST"): does("delete_channel"),
    ("rooms", "GET"): does("list_rooms"),
    ("room-edit", "GET"): does("get_room"),
    ("room-edit", "POST"): does("change_room"),
    ("room-test", "POST"): does("test_room"),
    ("room-enable", "POST"): does("enable_room"),
    ("room-delete", "POST"): does("delete_room"),
    **{
        (f"{thing}-add-{kind}", "POST"): does(f"add_{thing}")
        for thing in ("channel", "room")
        for kind in ("mail", "apprise", "webhook")
    },
    ("notices", "GET"): does("list_notices"),
    ("identity-provider", "GET"): does("get_identity_provider", "list_identities"),
    ("identity-provider-set", "GET"): does("get_identity_provider"),
    ("identity-provider-set", "POST"): does("set_identity_provider"),
    ("identity-provider-test", "POST"): does("test_identity_provider"),
    ("identity-provider-enable", "POST"): does("enable_identity_provider"),
    ("identity-provider-disable", "POST"): does("disable_identity_provider"),
    ("identity-provider-delete", "POST"): does("delete_identity_provider"),
    ("identity-untie", "POST"): does("untie_identity"),
    ("activity", "GET"): does("list_audit", q="text", what="action", who="actor"),
    ("activity-export", "POST"): does("export_audit"),
    ("activity-chain", "GET"): does("check_audit_chain"),
    ("data", "GET"): does("list_exports", "list_erasures", "list_author_blocks"),
    ("data-export", "POST"): does("request_export"),
    ("export-download", "GET"): does("download_export"),
    ("export-delete", "POST"): does("delete_export"),
    ("block-lift", "POST"): does("lift_author_block"),
    ("data-erase", "POST"): does("request_erasure"),
    ("data-call-off", "POST"): does("call_off_erasure"),
    # Open pages
    ("agency-switch", "POST"): no("chooses among one's own agencies; a key belongs to one"),
    ("notice-acknowledge", "GET"): no("the link of a notice is the authority"),
    ("notice-acknowledge", "POST"): does("acknowledge_notice"),
    ("approve", "GET"): does("get_approval"),
    ("approve", "POST"): no("the decision is the contact's own, by their link"),
    ("approve-undo", "POST"): no("the decision is the contact's own, by their link"),
    ("approve-fresh", "POST"): does("remind_approvers"),
    ("alert", "GET"): no(LINK),
    ("alert", "POST"): no("that they have seen it is for the alert recipient to say, by their link"),
    ("see", "GET"): does("get_results", "list_answers"),
    ("see-fresh", "POST"): does("send_contact_link"),
}

"""The chat, push and SMS services that a channel may name: those that apprise knows and that we let it call."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Service:
    """One of apprise's plugins.

    Attributes:
        plugin: module and class in `apprise.plugins`.
        schemas: how its addresses begin.
        plain: those of them that speak unencrypted HTTP, with the encrypted one to use instead.
        parameters: what may stand in the query of an address. Not what makes apprise read files, load templates, follow
            redirects, skip certificates, wait or repeat: that is ours to say.
        is_text: a text message, for which a notice has a short form.
        looks_like: an address of it, for who enters one.
        hosts: where its own web addresses lead, which it takes as they are copied there.
    """

    name: str
    plugin: tuple[str, str]
    schemas: tuple[str, ...]
    looks_like: str
    plain: tuple[tuple[str, str], ...] = ()
    parameters: frozenset[str] = frozenset()
    is_text: bool = False
    hosts: tuple[str, ...] = ()


def _text(name: str, plugin: tuple[str, str], looks_like: str, *schemas: str, more: str = "") -> Service:
    return Service(
        name, plugin, schemas, looks_like, parameters=frozenset({"to", "from", *more.split()}), is_text=True
    )


SERVICES = (
    Service(
        "Slack",
        ("slack", "NotifySlack"),
        ("slack",),
        "https://hooks.slack.com/services/T…/B…/…",
        hosts=("hooks.slack.com",),
    ),
    Service(
        "Microsoft Teams",
        ("workflows", "NotifyWorkflows"),
        ("workflows", "workflow"),
        "https://….logic.azure.com/workflows/…/triggers/manual/paths/invoke?…",
        parameters=frozenset({"api-version", "sp", "sv", "sig", "ver"}),
        hosts=(".logic.azure.com", ".api.powerplatform.com"),
    ),
    Service(
        "Google Chat",
        ("google_chat", "NotifyGoogleChat"),
        ("gchat",),
        "https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…",
        parameters=frozenset({"key", "token", "thread"}),
        hosts=("chat.googleapis.com",),
    ),
    Service(
        "Discord",
        ("discord", "NotifyDiscord"),
        ("discord",),
        "https://discord.com/api/webhooks/…/…",
        parameters=frozenset({"thread"}),
        hosts=("discord.com", "discordapp.com"),
    ),
    Service(
        "Mattermost",
        ("mattermost", "NotifyMattermost"),
        ("mmosts", "mmost"),
        "mmosts://chat.example/token",
        plain=(("mmost", "mmosts"),),
        parameters=frozenset({"channel", "to"}),
    ),
    Service(
        "Webex",
        ("webexteams", "NotifyWebexTeams"),
        ("webex", "wxteams"),
        "webex://token",
        hosts=("webexapis.com", "api.ciscospark.com"),
    ),
    Service(
        "Telegram",
        ("telegram", "NotifyTelegram"),
        ("tgram",),
        "tgram://bot-token/chat-id",
        parameters=frozenset({"to", "thread", "topic", "silent"}),
    ),
    Service(
        "ntfy",
        ("ntfy", "NotifyNtfy"),
        ("ntfys", "ntfy"),
        "ntfys://topic, or ntfys://token@ntfy.example/topic",
        plain=(("ntfy", "ntfys"),),
        parameters=frozenset({"to", "priority", "auth", "token"}),
        hosts=("ntfy.sh",),
    ),
    Service(
        "Pushover",
        ("pushover", "NotifyPushover"),
        ("pover",),
        "pover://user-key@app-token",
        parameters=frozenset({"to", "priority", "sound"}),
    ),
    Service(
        "Gotify",
        ("gotify", "NotifyGotify"),
        ("gotifys", "gotify"),
        "gotifys://push.example/token",
        plain=(("gotify", "gotifys"),),
        parameters=frozenset({"priority"}),
    ),
    Service(
        "Matrix",
        ("matrix", "NotifyMatrix"),
        ("matrixs", "matrix"),
        "matrixs://user:password@matrix.example/#room",
        plain=(("matrix", "matrixs"),),
        parameters=frozenset({"to", "mode"}),
    ),
    Service(
        "Signal",
        ("signal_api", "NotifySignalAPI"),
        ("signals", "signal"),
        "signals://signal.example/+37120000001/+37120000002",
        plain=(("signal", "signals"),),
        parameters=frozenset({"to", "from"}),
        is_text=True,
    ),
    _text("Twilio", ("twilio", "NotifyTwilio"), "twilio://account:token@+37120000001/+37120000002", "twilio"),
    _text(
        "Vonage",
        ("vonage", "NotifyVonage"),
        "vonage://key:secret@+37120000001/+37120000002",
        "vonage",
        "nexmo",
    ),
    _text("ClickSend", ("clicksend", "NotifyClickSend"), "clicksend://user:key@+37120000002", "clicksend"),
    _text("BulkSMS", ("bulksms", "NotifyBulkSMS"), "bulksms://token:secret@+37120000002", "bulksms"),
    _text(
        "MessageBird",
        ("messagebird", "NotifyMessageBird"),
        "msgbird://key/+37120000001/+37120000002",
        "msgbird",
    ),
    _text(
        "Sinch",
        ("sinch", "NotifySinch"),
        "sinch://plan:token@+37120000001/+37120000002",
        "sinch",
        more="region",
    ),
    _text(
        "46elks",
        ("fortysixelks", "Notify46Elks"),
        "46elks://user:password@+37120000001/+37120000002",
        "46elks",
        "elks",
    ),
    _text("Plivo", ("plivo", "NotifyPlivo"), "plivo://id@token/+37120000001/+37120000002", "plivo"),
    _text("seven", ("seven", "NotifySeven"), "seven://key/+37120000002", "seven"),
)
_BY_SCHEMA = {schema: service for service in SERVICES for schema in service.schemas}


def scheme_of(address: str) -> str:
    return address.partition("://")[0].lower() if "://" in address else ""


def service_of(address: str) -> Service | None:
    """The service that an address is of; None for one that isn't among those that we know."""
    scheme = scheme_of(address)
    if scheme not in {"http", "https"}:
        return _BY_SCHEMA.get(scheme)
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return None
    return next((service for service, known in _hosts() if _is(host, known)), None)


def _hosts() -> Iterator[tuple[Service, str]]:
    yield from ((service, host) for service in SERVICES for host in service.hosts)


def _is(host: str, known: str) -> bool:
    return host.endswith(known) if known.startswith(".") else host == known

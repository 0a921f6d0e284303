from agency.models.agency import Agency
from agency.models.alarm import Alarm
from agency.models.api_key import ApiKey
from agency.models.audit import AuditChain, AuditEntry, AuditLink
from agency.models.channel import Channel
from agency.models.erasure import Erasure
from agency.models.event import Event, FeedPlace
from agency.models.export import Export, ExportPart
from agency.models.idempotency import StoredAnswer
from agency.models.identity_provider import Identity, IdentityProvider
from agency.models.member import Membership
from agency.models.notice import AckLink, Notice, NoticeAttempt
from agency.models.user import User
from agency.models.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookReplay

__all__ = [
    "AckLink",
    "Agency",
    "Alarm",
    "ApiKey",
    "AuditChain",
    "AuditEntry",
    "AuditLink",
    "Channel",
    "Erasure",
    "Event",
    "Export",
    "ExportPart",
    "FeedPlace",
    "Identity",
    "IdentityProvider",
    "Membership",
    "Notice",
    "NoticeAttempt",
    "StoredAnswer",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookReplay",
]

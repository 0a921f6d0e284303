from agency.models.agency import Agency
from agency.models.alarm import Alarm
from agency.models.api_key import ApiKey
from agency.models.audit import AuditEntry
from agency.models.event import Event
from agency.models.member import Membership
from agency.models.notice import Notice
from agency.models.user import User

__all__ = ["Agency", "Alarm", "ApiKey", "AuditEntry", "Event", "Membership", "Notice", "User"]

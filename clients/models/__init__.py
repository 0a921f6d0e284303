from clients.models.approval_policy import ApprovalPolicy
from clients.models.calendar import Calendar, CalendarVersion
from clients.models.client import Client
from clients.models.contact import Contact
from clients.models.ladder import Ladder
from clients.models.member_hours import MemberHours
from clients.models.promise_spread import PromiseSpread
from clients.models.query import Query
from clients.models.rota import Rota, RotaLayer, RotaOverride
from clients.models.sla_policy import SlaPolicy, SlaTarget
from clients.models.template import Template
from clients.models.view_link import ViewLink

__all__ = [
    "ApprovalPolicy",
    "Calendar",
    "CalendarVersion",
    "Client",
    "Contact",
    "Ladder",
    "MemberHours",
    "PromiseSpread",
    "Query",
    "Rota",
    "RotaLayer",
    "RotaOverride",
    "SlaPolicy",
    "SlaTarget",
    "Template",
    "ViewLink",
]

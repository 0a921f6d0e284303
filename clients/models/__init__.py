from clients.models.approval_policy import ApprovalPolicy
from clients.models.calendar import Calendar, CalendarVersion
from clients.models.client import Client
from clients.models.contact import Contact
from clients.models.query import Query
from clients.models.sla_policy import SlaPolicy, SlaTarget
from clients.models.template import Template
from clients.models.view_link import ViewLink

__all__ = [
    "ApprovalPolicy",
    "Calendar",
    "CalendarVersion",
    "Client",
    "Contact",
    "Query",
    "SlaPolicy",
    "SlaTarget",
    "Template",
    "ViewLink",
]

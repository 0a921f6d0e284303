from workflows.models.approval import Approval, ApprovalLink, Decision
from workflows.models.clock import Clock, ClockEvent
from workflows.models.escalation import AlertLink, Escalation, EscalationLine
from workflows.models.excuse import Excuse
from workflows.models.promise_tally import PromiseTally
from workflows.models.publication import Attempt, Publication
from workflows.models.response import Response, Version
from workflows.models.transition import Transition

__all__ = [
    "AlertLink",
    "Approval",
    "ApprovalLink",
    "Attempt",
    "Clock",
    "ClockEvent",
    "Decision",
    "Escalation",
    "EscalationLine",
    "Excuse",
    "PromiseTally",
    "Publication",
    "Response",
    "Transition",
    "Version",
]

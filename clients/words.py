"""Words that policies and mentions share."""

from django.db.models import TextChoices


class Priority(TextChoices):
    URGENT = "urgent", "Urgent"
    HIGH = "high", "High"
    NORMAL = "normal", "Normal"
    LOW = "low", "Low"


class ClockKind(TextChoices):
    CLAIM = "claim", "Claim"
    RESPOND = "respond", "Respond"
    DECIDE = "decide", "Client decides"
    NEXT_RESPONSE = "next_response", "Respond again"


class ReplyKind(TextChoices):
    """Kinds of reply, as the field names them."""

    THANK_YOU = "thank_you", "Thank you"
    WE_HEAR_YOU = "we_hear_you", "We hear you"
    ASK_TO_TALK = "ask_to_talk", "Ask to talk"
    ROUTE_COMPLAINT = "route_complaint", "Pass on a complaint"
    ROUTE_IDEA = "route_idea", "Pass on an idea"
    CORRECT_THE_RECORD = "correct_the_record", "Correct the record"
    APOLOGY = "apology", "Apology"
    OTHER = "other", "Other"

"""Words that policies and mentions share, and the one table of what a contact may do."""

from collections.abc import Iterable

from django.db.models import TextChoices

# The alarm by which a calendar learns of further public holidays.
CALENDAR_UPKEEP = "calendar.upkeep"


class Part(TextChoices):
    """What somebody at the client does; one person may have several."""

    APPROVER = "approver", "Approver"
    VIEWER = "viewer", "Viewer"
    ALERTS = "alerts", "Alerts"


class ContactRight(TextChoices):
    DECIDE = "decide", "Decide replies that are put to them"
    SEE = "see", "See what was said, answered and achieved"
    ALERTED = "alerted", "Be told of urgent mentions"


PART_RIGHTS: dict[Part, frozenset[ContactRight]] = {
    Part.APPROVER: frozenset({ContactRight.DECIDE}),
    Part.VIEWER: frozenset({ContactRight.SEE}),
    Part.ALERTS: frozenset({ContactRight.ALERTED}),
}


def contact_rights(parts: Iterable[str]) -> frozenset[ContactRight]:
    """All that these parts together may do."""
    return frozenset[ContactRight]().union(*(PART_RIGHTS[Part(part)] for part in parts))


def parts_with(right: ContactRight) -> list[str]:
    """The parts that may do this: what a query for such contacts looks for."""
    return [part.value for part, rights in PART_RIGHTS.items() if right in rights]


class Priority(TextChoices):
    URGENT = "urgent", "Urgent"
    HIGH = "high", "High"
    NORMAL = "normal", "Normal"
    LOW = "low", "Low"


class ClockKind(TextChoices):
    CLAIM = "claim", "Claim"
    RESPOND = "respond", "Respond"
    DECIDE = "decide", "Client decides"
    PUBLISH = "publish", "Publish"
    NEXT_RESPONSE = "next_response", "Respond again"


class Cover(TextChoices):
    """What the agency does for a client outside its office hours."""

    NONE = "none", "Nobody: the time runs in office hours"
    ON_CALL = "on_call", "On call: urgent mentions run around the clock"
    ALWAYS = "always", "Around the clock"


class HoursOf(TextChoices):
    """In which hours a promise runs."""

    CLIENT = "client", "The client's office hours, and its after-hours cover"
    AGENCY = "agency", "The agency's office hours"
    CALENDAR = "calendar", "Another calendar"
    ALWAYS = "always", "Around the clock"


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

"""The words of a mention's life."""

from datetime import UTC, datetime

from django.db.models import TextChoices

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


class State(TextChoices):
    NEW = "new", "New"
    CLAIMED = "claimed", "Claimed"
    AWAITING_CLIENT = "awaiting_client", "Awaiting client"
    APPROVED = "approved", "Approved"
    RESPONDED = "responded", "Responded"
    DISMISSED = "dismissed", "Dismissed"


CLOSED = (State.RESPONDED, State.DISMISSED)
OPEN = (State.NEW, State.CLAIMED, State.AWAITING_CLIENT, State.APPROVED)


class Move(TextChoices):
    CLAIM = "claim", "Claim"
    RELEASE = "release", "Give back to the queue"
    SUBMIT = "submit", "Ask the client"
    REQUEST_CHANGES = "request_changes", "Ask for a change"
    RECALL = "recall", "Take back from the client"
    APPROVE = "approve", "Approve"
    CLEAR = "clear", "Approve without asking"
    REVISE = "revise", "Revise"
    RESPOND = "respond", "Mark as responded"
    ANSWER = "answer", "The client answered it"
    DISMISS = "dismiss", "Dismiss"
    REOPEN = "reopen", "Reopen"


class DismissReason(TextChoices):
    IRRELEVANT = "irrelevant", "Not about the client"
    SPAM = "spam", "Spam"
    NO_REPLY_NEEDED = "no_reply_needed", "No reply needed"
    DUPLICATE = "duplicate", "Duplicate"
    WITHDRAWN = "withdrawn", "The post was withdrawn"


class Sentiment(TextChoices):
    POSITIVE = "positive", "Positive"
    NEUTRAL = "neutral", "Neutral"
    NEGATIVE = "negative", "Negative"
    UNKNOWN = "unknown", "Unknown"


class Turn(TextChoices):
    """Whose time runs on an open mention, as the ledger counts it."""

    AGENCY = "agency", "The agency"
    CLIENT = "client", "The client"
    PLATFORM = "platform", "The platform"

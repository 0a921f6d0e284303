"""Names that several parts of the work share."""

# The lane of a reply that a person posts, where no platform can.
BY_HAND = "hand_made"
LONGEST_REPLY = 5000  # characters

# Kinds of notices.
REQUEST, RECEIPT, TOLD = "approval.request", "decision.receipt", "decision.told"
RETURNED = "claim.returned"

# Kinds of alarms.
CLOCK_DUE, DECISION_EFFECTIVE, PUBLICATION_SEND = "clock.due", "decision.effective", "publication.send"
CLAIM_IDLE = "claim.idle"

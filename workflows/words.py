"""Names that several parts of the work share."""

# The lane of a reply that a person posts, where no platform can.
BY_HAND = "hand_made"
LONGEST_REPLY = 5000  # characters

# Kinds of notices.
REQUEST, RECEIPT, TOLD = "approval.request", "decision.receipt", "decision.told"
RETURNED, URGENT = "claim.returned", "mention.urgent"

# Kinds of alarms.
CLOCK_DUE, DECISION_EFFECTIVE, PUBLICATION_SEND = "clock.due", "decision.effective", "publication.send"
CLAIM_IDLE = "claim.idle"
RETENTION, HOUSEKEEPING = "client.retention", "agency.housekeeping"
EXPORT_BUILD, EXPORT_EXPIRE = "export.build", "export.expire"
ERASE, ERASING_TELL = "data.erase", "erasing.tell"

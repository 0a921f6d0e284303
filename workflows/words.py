"""Names that several parts of the work share."""

# The lane of a reply that a person posts, where no platform can.
BY_HAND = "hand_made"
LONGEST_REPLY = 5000  # characters

# Kinds of notices.
REQUEST, RECEIPT, TOLD = "approval.request", "decision.receipt", "decision.told"
RETURNED, URGENT = "claim.returned", "mention.urgent"
WROTE = "mention.wrote"
EXCUSE_DECIDED = "excuse.decided"
CLIMB_TOLD, STEP_TOLD = "ladder.urgent", "ladder.clock"
# Of many at once, in one message: to members and rooms, and to alert recipients.
CLIMBS_TOLD, URGENTS = "ladder.urgents", "mention.urgents"
ON_CALL_BEGINS, ON_CALL_ENDS = "on_call.begins", "on_call.ends"

# Kinds of alarms.
CLOCK_DUE, DECISION_EFFECTIVE, PUBLICATION_SEND = "clock.due", "decision.effective", "publication.send"
CLAIM_IDLE = "claim.idle"
LADDER_CLIMB, LADDER_STEP = "ladder.climb", "ladder.step"
RETENTION, HOUSEKEEPING = "client.retention", "agency.housekeeping"
EXPORT_BUILD, EXPORT_EXPIRE = "export.build", "export.expire"
ERASE, ERASING_TELL = "data.erase", "erasing.tell"

from django.db import models

from agency.tenancy import TenantModel


class Event(TenantModel):
    """The outbox: what happened, for those outside, written in the transaction that made it happen.

    Consumers page through `/api/v1/events/` by the event's number (`FeedPlace`).
    """

    referenced = False
    part_of = "client_id"

    at = models.DateTimeField()
    type = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    # The client that it concerns, where it concerns one; no foreign key: what happened outlives whom it concerned.
    client_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "id"], name="event_in_order"),
            # For what is erased: what was told about it goes too.
            models.Index(fields=["agency", "subject_id"], name="event_of_subject"),
        ]

    def __str__(self) -> str:
        return self.type


class FeedPlace(TenantModel):
    """An event's number in its agency's feed; its id is the event's. Written by the database alone, as it commits.

    Numbers are dense and rise in the order of commits, so whoever has read up to one has missed nothing below it; ids are
    made before the commit and don't. Events that were deleted leave gaps. How, says the migration `agency.0011_feed`.
    """

    referenced = False

    # Below 0 only inside the transaction that writes the event.
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "number"], name="feed_has_one_event_at_a_number")
        ]

    def __str__(self) -> str:
        return str(self.number)

from django.db import models

from agency.tenancy import TenantModel


class Event(TenantModel):
    """The outbox: what happened, for those outside, written in the transaction that made it happen.

    Consumers page by `id` (time-ordered) through `/api/v1/events`.
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

from django.db import models

from agency.tenancy import TenantModel


class Event(TenantModel):
    """The outbox: what happened, for those outside, written in the transaction that made it happen.

    Consumers page by `id` (time-ordered) through `/api/v1/events`.
    """

    referenced = False

    at = models.DateTimeField()
    type = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["agency", "id"], name="event_in_order")]

    def __str__(self) -> str:
        return self.type

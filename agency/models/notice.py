from django.db import models

from agency.tenancy import TenantModel


class Notice(TenantModel):
    """A mail to one person, and what became of it. Sent by a task that an alarm rings for again until it is settled."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to be sent"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    kind = models.CharField(max_length=40)
    to = models.EmailField()
    to_name = models.CharField(max_length=120, blank=True)
    # What the notice is about. Its text is written at sending: it may carry a secret link, which is stored nowhere.
    subject_id = models.UUIDField()
    recipient_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "subject_id"], name="notice_of_subject")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False),
                name="sent_notice_has_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}: {self.state}"

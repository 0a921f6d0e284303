from django.db import models
from django.db.models import Q

from agency.ids import new_id
from agency.models.channel import Channel
from agency.tenancy import SameAgency, TenantForeignKey, TenantModel


class Notice(TenantModel):
    """A message to one recipient by one channel, and what became of it.

    Sent by a task that an alarm rings for again until it is settled.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to be sent"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    kind = models.CharField(max_length=40)
    via = models.CharField(max_length=8, choices=Channel.Kind, default=Channel.Kind.MAIL)
    # The mail address; of what goes another way, none: that is its channel's.
    to = models.EmailField(blank=True)
    to_name = models.CharField(max_length=120, blank=True)
    # What the notice is about. Its text is written at sending: it may carry a secret link, which is stored nowhere.
    subject_id = models.UUIDField()
    # The contact or member whom it tells.
    recipient_id = models.UUIDField(null=True)
    # The client that it concerns, for who works for some of them only. No key: what it is about may be gone by then.
    client_id = models.UUIDField(null=True)
    member = TenantForeignKey("agency.Membership", on_delete=models.CASCADE, null=True, related_name="+")
    # Null where it goes by mail without a channel, and once its channel is deleted.
    channel = TenantForeignKey("agency.Channel", on_delete=models.SET_NULL, null=True, related_name="notices")
    # Those that say the same to the same person, each by another channel: while one is under way, none is given up.
    batch = models.UUIDField(null=True)
    urgent = models.BooleanField(default=False)
    not_before = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    # Whoever waits for it knows by now that this one reaches nobody.
    failure_told = models.BooleanField(default=False)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    acknowledged_by_id = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "subject_id"], name="notice_of_subject"),
            # Served by the list of what was sent.
            models.Index(fields=["agency", "-created_at", "id"], name="notice_latest"),
            models.Index(fields=["agency", "batch"], name="notice_of_batch", condition=~Q(batch=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="sent_notice_has_time"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | ~Q(acknowledged_by=""), name="somebody_acknowledged"
            ),
            models.UniqueConstraint(
                fields=["agency", "kind", "subject_id", "recipient_id", "channel"],
                condition=Q(state__in=["queued", "sending"]) & ~Q(batch=None),
                nulls_distinct=False,
                name="nobody_is_told_twice_at_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to or self.to_name}: {self.state}"


class NoticeAttempt(TenantModel):
    """One attempt at sending a notice. Holds no content and no address, only what came back."""

    referenced = False

    class Outcome(models.TextChoices):
        UNDER_WAY = "under_way", "Under way, or broken off"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed, to be tried again"
        REFUSED = "refused", "Refused for good"

    notice = TenantForeignKey("agency.Notice", on_delete=models.CASCADE, related_name="tries")
    n = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome, default=Outcome.UNDER_WAY)
    # HTTP's or SMTP's.
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "notice", "n"], name="notice_is_tried_in_order"),
            models.CheckConstraint(
                condition=Q(outcome="under_way") | Q(finished_at__isnull=False),
                name="finished_attempt_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.n}: {self.outcome}"


class AckLink(models.Model):
    """The link by which a notice is acknowledged. Found by its token's hash before the agency is known, so outside row
    security: ids and times only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey("agency.Agency", on_delete=models.CASCADE, related_name="+", db_index=False)
    notice = TenantForeignKey("agency.Notice", on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of a 192-bit token
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [SameAgency(field="notice", name="agency_acklink_notice_same_agency")]
        indexes = [models.Index(fields=["agency", "notice"], name="ack_link_of_notice")]

    def __str__(self) -> str:
        return f"link of {self.notice_id}"

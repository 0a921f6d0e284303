from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class Publication(TenantModel):
    """The way of one approved version onto its platform."""

    part_of = "mention__client_id"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to be sent"
        SENDING = "sending", "Being sent"
        LIVE = "live", "Live"
        FAILED = "failed", "Not sent"
        AMBIGUOUS = "ambiguous", "Unknown whether it is live"
        BY_HAND = "by_hand", "To be posted by hand"
        WITHDRAWN = "withdrawn", "Taken back before it went out"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="publications")
    version = TenantForeignKey("workflows.Version", on_delete=models.CASCADE, related_name="publications")
    lane = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    # What was agreed to: the text that goes out must still have this digest.
    approved_digest = models.CharField(max_length=64)
    # Sent along as the idempotency key, and what a read-back looks for.
    key = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    live_at = models.DateTimeField(null=True)
    # The platform failed us: from here on the time is the agency's again.
    given_back_at = models.DateTimeField(null=True)
    attested_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "mention"], name="publication_of_mention"),
            models.Index(fields=["agency", "version"], name="publication_of_version"),
            # A viewer's page: what went public lately, however much there was before.
            models.Index(
                fields=["agency", "-live_at", "-id"],
                name="publication_newest_live",
                condition=models.Q(state="live"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "mention"],
                condition=models.Q(state__in=["queued", "sending", "ambiguous", "by_hand"]),
                name="mention_has_one_publication_under_way",
            ),
            models.UniqueConstraint(
                fields=["agency", "version"],
                condition=~models.Q(state__in=["failed", "withdrawn"]),
                name="version_is_published_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="live") | models.Q(live_at__isnull=False),
                name="live_publication_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lane}: {self.state}"


class Attempt(TenantModel):
    """One try at something outside, for one publication. Append-only."""

    referenced = False
    part_of = "publication__mention__client_id"

    publication = TenantForeignKey("workflows.Publication", on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=10)  # send, read_back, attest
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=12)  # live, absent, failed, ambiguous
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "publication", "started_at"], name="attempt_of_publication")
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.outcome}"

from django.db import models

from agency.sealed import SealedField
from agency.tenancy import TenantForeignKey, TenantModel


class Source(TenantModel):
    """A place that is read, for one client or (client absent) for all of the agency's."""

    part_of, shared = "client_id", True

    class Kind(models.TextChoices):
        FEED = "feed", "Feed (RSS, Atom, JSON Feed)"
        LOOPBACK = "loopback", "Loopback (for trying Earshot out)"

    client = TenantForeignKey(
        "clients.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="sources"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=120)
    # What anybody in the agency may read of how it is reached, and, sealed, what nobody may (mentions/actions/secrets.py).
    settings = models.JSONField(default=dict)
    secrets = SealedField()
    secret_names = models.JSONField(default=list)
    every = models.DurationField()
    created_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)

    # Where reading stands: the platform's own cursor, and who reads right now.
    cursor = models.JSONField(default=dict)
    lease_until = models.DateTimeField(null=True)

    # Health.
    last_read_at = models.DateTimeField(null=True)
    last_good_at = models.DateTimeField(null=True)
    next_read_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "name", "id"], name="source_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def health(self) -> str:
        """paused, new, good or failing."""
        if self.paused_at:
            return "paused"
        if self.failures:
            return "failing"
        return "good" if self.last_good_at else "new"


class SourceRead(TenantModel):
    """One attempt to read a source."""

    referenced = False
    part_of, shared = "source__client_id", True

    source = TenantForeignKey("mentions.Source", on_delete=models.CASCADE, related_name="reads")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=12)  # read, unchanged, failed
    entries = models.PositiveIntegerField(default=0)
    posts = models.PositiveIntegerField(default=0)
    mentions = models.PositiveIntegerField(default=0)
    # Entries of authors that asked to be forgotten: passed over.
    forgotten = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "source", "-started_at"], name="read_newest_of_source")]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.started_at}"

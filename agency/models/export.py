from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class Export(TenantModel):
    """A copy of everything about an agency, a client or an author, made to be taken away. Deleted after a week."""

    class Kind(models.TextChoices):
        AGENCY = "agency", "Everything of the agency"
        CLIENT = "client", "One client"
        AUTHOR = "author", "One author"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to be made"
        READY = "ready", "Ready"
        FAILED = "failed", "Could not be made"
        EXPIRED = "expired", "Deleted"

    kind = models.CharField(max_length=8, choices=Kind)
    # The client or author; null: the agency. No foreign key, and no name: it may be erased.
    about_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    requested_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    rows = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="ready")
                | models.Q(ready_at__isnull=False, expires_at__isnull=False),
                name="ready_export_has_times",
            )
        ]
        indexes = [models.Index(fields=["agency", "-created_at", "-id"], name="export_newest")]

    def __str__(self) -> str:
        return f"export of {self.get_kind_display().lower()}"


class ExportPart(TenantModel):
    """A piece of an export's file, about a megabyte: any machine can write it, and any other serve it."""

    referenced = False

    export = TenantForeignKey("agency.Export", on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "export", "number"], name="export_part_number_is_one")
        ]

    def __str__(self) -> str:
        return f"part {self.number}"

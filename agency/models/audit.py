from django.db import models

from agency.tenancy import TenantModel


class AuditEntry(TenantModel):
    """Who did what, when, from where. Append-only: the application's role may neither update nor delete."""

    referenced = False

    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=120)
    address = models.CharField(max_length=45, blank=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField(null=True)
    subject_name = models.CharField(max_length=200, blank=True)
    # Field → [before, after], or plain facts.
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "-at", "-id"], name="audit_newest"),
            models.Index(fields=["agency", "subject_id", "at"], name="audit_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action}"

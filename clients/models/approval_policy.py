from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class ApprovalPolicy(TenantModel):
    """Whether the client is asked before a reply goes out, and how soon an answer is needed. One row a version."""

    part_of = "client_id"

    class Asks(models.TextChoices):
        CLIENT = "client", "Ask the client before every reply"
        NOBODY = "nobody", "Answer without asking the client"

    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="approval_policies")
    version = models.PositiveIntegerField()
    asks = models.CharField(max_length=8, choices=Asks, default=Asks.CLIENT)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client", "version"], name="approval_policy_version_is_one"
            ),
            models.UniqueConstraint(
                fields=["agency", "client"],
                condition=models.Q(current=True),
                name="client_has_one_current_approval_policy",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}: {self.asks}"

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class PromiseSpread(TenantModel):
    """How far a change of what is promised has reached the clocks that run: of one client, or (client absent) of all.

    One row each, begun again with every change. A pass looks at every open mention in the order of ids, batch by
    batch; those that somebody was just moving are kept in `held` and looked at again.
    """

    referenced = False
    part_of, shared = "client_id", True

    client = TenantForeignKey(
        "clients.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    # Rises with each change: a batch that began before the last one isn't the last batch.
    asked = models.PositiveIntegerField(default=1)
    total = models.PositiveIntegerField(null=True)  # open clocks when the pass began; null: it hasn't yet
    moved = models.PositiveIntegerField(default=0)
    after = models.UUIDField(null=True)  # the last mention that the pass has reached
    held = ArrayField(models.UUIDField(), default=list)
    finished_at = models.DateTimeField(null=True)
    # Work that began before the change may have committed after the pass: a last look a moment later.
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client"], nulls_distinct=False, name="promises_spread_once_a_client"
            )
        ]

    def __str__(self) -> str:
        return f"{self.moved} of {self.total or '?'} clocks"

from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class Ladder(TenantModel):
    """Who is told, and what is done, when a clock runs out or something urgent comes: one row a version.

    Of one client, or (client absent) of all that have none of their own. Without a current row: `clients.ladder.USUAL`.
    """

    part_of, shared = "client_id", True

    client = TenantForeignKey(
        "clients.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="ladders"
    )
    version = models.PositiveIntegerField()
    # As `clients.ladder` writes them: what follows a clock's step, and the rungs of an urgent mention's climb.
    steps = models.JSONField(default=list)
    rungs = models.JSONField(default=list)
    # The last rung is climbed again so often, and so many minutes after one another.
    again = models.PositiveSmallIntegerField(default=0)
    tells_contacts = models.BooleanField(default=True)
    effective_from = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client", "version"], nulls_distinct=False, name="ladder_version_is_one"
            ),
            models.UniqueConstraint(
                fields=["agency", "client"],
                condition=models.Q(current=True),
                nulls_distinct=False,
                name="client_has_one_current_ladder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client or 'Agency default'}, version {self.version}"

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class Query(TenantModel):
    """What to listen for, for a client: any of these words and phrases, and none of those. One row a version."""

    part_of = "client_id"

    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="queries")
    version = models.PositiveIntegerField()
    any_terms = ArrayField(models.CharField(max_length=200))
    none_terms = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    # A mention that holds one of these as well is urgent from the start, whoever is at work at that hour.
    urgent_terms = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    # The one that listens now; a newer version takes its place.
    current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "client", "version"], name="query_version_is_one"),
            models.UniqueConstraint(
                fields=["agency", "client"],
                condition=models.Q(current=True),
                name="client_has_one_current_query",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"

from django.db import models
from django.db.models.functions import Lower

from agency.tenancy import TenantModel


class Client(TenantModel):
    """A brand that the agency looks after."""

    part_of = "id"

    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=12, default="en")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    # Closed mentions older than this are deleted; null: kept for ever.
    keep_days = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("agency", Lower("name"), name="client_name_is_one_in_its_agency"),
            models.CheckConstraint(condition=~models.Q(name=""), name="client_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

from django.db import models
from django.db.models.functions import Lower

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import Cover


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
    # Its office hours; null: the agency's default calendar, and where there is none, around the clock.
    calendar = TenantForeignKey(
        "clients.Calendar", on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    cover = models.CharField(max_length=8, choices=Cover, default=Cover.NONE)

    class Meta:
        constraints = [
            models.UniqueConstraint("agency", Lower("name"), name="client_name_is_one_in_its_agency"),
            models.CheckConstraint(condition=~models.Q(name=""), name="client_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

from django.db import models

from agency.tenancy import TenantModel
from clients.words import ClockKind


class PromiseTally(TenantModel):
    """How often a promise was kept for mentions of a day that were deleted: what stays of their clocks."""

    referenced = False
    part_of = "client_id"

    client_id = models.UUIDField()
    day = models.DateField()  # on which the mentions were found, in UTC
    kind = models.CharField(max_length=16, choices=ClockKind)
    kept = models.PositiveBigIntegerField(default=0)
    broken = models.PositiveBigIntegerField(default=0)
    excused = models.PositiveBigIntegerField(default=0)  # of the broken ones

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client_id", "day", "kind"], name="promise_tally_is_one_a_day_and_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.day}: {self.kept} kept, {self.broken} broken ({self.excused} excused)"

from django.db import models

from agency.tenancy import TenantModel
from clients.words import Priority
from mentions.words import State


class Tally(TenantModel):
    """How many mentions of a day were deleted, by how they ended: what stays of them when they are gone.

    No foreign key to the client: the counts outlive it, without its name.
    """

    referenced = False
    part_of = "client_id"

    client_id = models.UUIDField()
    day = models.DateField()  # on which they were found, in UTC
    state = models.CharField(max_length=16, choices=State)
    priority = models.CharField(max_length=8, choices=Priority)
    mentions = models.PositiveBigIntegerField(default=0)
    # Of those that were answered: without a breach, and the seconds from found to answered in all.
    in_time = models.PositiveBigIntegerField(default=0)
    answer_seconds = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client_id", "day", "state", "priority"],
                name="tally_is_one_a_day_and_ending",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mentions} {self.state} of {self.day}"

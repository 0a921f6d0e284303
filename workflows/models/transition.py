from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from mentions.words import Move, State


class Transition(TenantModel):
    """One move of one mention: the history that clocks and the ledger are folded from. Append-only."""

    referenced = False
    part_of = "mention__client_id"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="transitions")
    version = models.PositiveIntegerField()  # the mention's, after the move
    move = models.CharField(max_length=16, choices=Move)
    from_state = models.CharField(max_length=16, choices=State)
    to_state = models.CharField(max_length=16, choices=State)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=120)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "mention", "version"], name="transition_has_its_own_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.move} by {self.actor_name}"

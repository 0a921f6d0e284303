from typing import Any

from django.db import models
from django.db.models import F, Q

from agency.tenancy import TenantForeignKey, TenantModel


class Excuse(TenantModel):
    """Why a broken promise should not count: asked for by one member, granted or refused by another.

    It stands beside the breach and removes nothing of it. A trigger keeps what was asked and what was decided as it was.
    """

    part_of = "clock__mention__client_id"

    class Reason(models.TextChoices):
        OUTAGE = "outage", "The platform was down, or would not let us in"
        SOURCE = "source", "The source reached us late or wrong"
        CLIENT = "client", "We waited for facts from the client"
        AGREED = "agreed", "Agreed with the client"
        MISTAKE = "mistake", "The clock was wrong: priority, hours or a duplicate"
        FORCE = "force", "Something nobody could have prevented"
        OTHER = "other", "Something else"

    class State(models.TextChoices):
        ASKED = "asked", "Waiting for a decision"
        GRANTED = "granted", "Excused"
        REFUSED = "refused", "Not excused"
        WITHDRAWN = "withdrawn", "Taken back"

    clock = TenantForeignKey("workflows.Clock", on_delete=models.CASCADE, related_name="excuses")
    reason = models.CharField(max_length=10, choices=Reason)
    text = models.CharField(max_length=1000)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    # Memberships, by id and the name of that day, so that a member who is erased leaves no row behind that lacks a person.
    asked_by = models.UUIDField()
    asked_by_name = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_by_name = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "clock"],
                condition=Q(state__in=["asked", "granted"]),
                name="breach_is_excused_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["granted", "refused"])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="excuse_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(decided_by=F("asked_by"), decided_at__isnull=False),
                name="excuse_is_taken_back_by_who_asked",
            ),
            models.CheckConstraint(
                condition=~Q(state="asked") | Q(decided_by=None, decided_at=None),
                name="open_excuse_is_undecided",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="excuse_says_why"),
        ]
        indexes = [
            models.Index(fields=["agency", "clock"], name="excuse_of_clock"),
            models.Index(fields=["agency", "-asked_at", "-id"], name="excuse_newest"),
            # What waits for a manager.
            models.Index(
                fields=["agency", "asked_at", "id"], name="excuse_waiting", condition=Q(state="asked")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} ({self.state})"

    @property
    def asker(self) -> dict[str, Any]:
        return {"id": self.asked_by, "name": self.asked_by_name}

    @property
    def decider(self) -> dict[str, Any] | None:
        return {"id": self.decided_by, "name": self.decided_by_name} if self.decided_by else None

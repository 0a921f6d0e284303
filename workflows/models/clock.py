from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import ClockKind
from workflows.clock import ClockState


class Clock(TenantModel):
    """One SLA timer on one mention. What it means is in `workflows/clock.py`; this is its stored state."""

    part_of = "mention__client_id"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="clocks")
    policy = TenantForeignKey("clients.SlaPolicy", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=ClockKind)
    instance = models.PositiveSmallIntegerField(default=1)
    target = models.DurationField()
    warn_at = ArrayField(models.PositiveSmallIntegerField())
    started_at = models.DateTimeField()
    used = models.DurationField()
    running_since = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    grace = models.DurationField(default=timedelta(0))
    inherited = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    next_fire_at = models.DateTimeField(null=True)
    fired = ArrayField(models.CharField(max_length=10), default=list)
    breached_at = models.DateTimeField(null=True)
    # A clock that counts but can't breach: the post was found too late.
    excused_late = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "mention", "kind", "instance"],
                name="clock_is_one_of_its_kind_and_instance",
            ),
            models.CheckConstraint(
                condition=models.Q(stopped_at=None) | models.Q(running_since=None),
                name="stopped_clock_does_not_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.instance}"

    def as_state(self) -> ClockState:
        """As the value that the rules of `workflows/clock.py` work on."""
        return ClockState(
            target=self.target,
            used=self.used,
            running_since=self.running_since,
            stopped_at=self.stopped_at,
            fired=tuple(self.fired),
            paused_at=self.paused_at,
            breached_at=self.breached_at,
            grace=self.grace,
            inherited=self.inherited,
        )


class ClockEvent(TenantModel):
    """A warning or the breach of one clock: each step once, by the database's own word. Append-only."""

    referenced = False
    part_of = "clock__mention__client_id"

    clock = TenantForeignKey("workflows.Clock", on_delete=models.CASCADE, related_name="events")
    step = models.CharField(max_length=10)
    at = models.DateTimeField()  # when it fell due: for a breach the deadline, never the sweep's time
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "clock", "step"], name="clock_fires_each_step_once")
        ]

    def __str__(self) -> str:
        return self.step

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import ClockKind
from workflows.clock import ClockState, EventKind


class Clock(TenantModel):
    """One SLA timer on one mention. What it means is in `workflows/clock.py`; this is its stored state."""

    part_of = "mention__client_id"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="clocks")
    policy = TenantForeignKey("clients.SlaPolicy", on_delete=models.PROTECT, related_name="+")
    # Whose policy it is, and why its hours are these, as a word (`workflows/promises.py`).
    match = models.CharField(max_length=40, default="agency")
    # The hours that it runs in; null: around the clock. The version is the one in force when that was last decided.
    calendar = TenantForeignKey("clients.Calendar", on_delete=models.RESTRICT, null=True, related_name="+")
    calendar_version = models.PositiveIntegerField(null=True)
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
    # It should never have begun (the request never arrived, the reply was taken back): no promise was kept by it.
    annulled = models.BooleanField(default=False)
    # How many lines its history has (ClockEvent).
    lines = models.PositiveSmallIntegerField(default=0)

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
        indexes = [
            # What runs, in the order of its mentions: for moving it to another promise, and for saying what that changes.
            models.Index(fields=["agency", "mention"], name="clock_open", condition=models.Q(stopped_at=None))
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
            late=self.excused_late,
            annulled=self.annulled,
        )


class ClockEvent(TenantModel):
    """One line of a clock's history: a move, or a warning or the breach, each step once by the database's own word.

    Append-only. `workflows.clock.fold` makes the clock again from its lines in the order of `n`.
    """

    referenced = False
    part_of = "clock__mention__client_id"

    clock = TenantForeignKey("workflows.Clock", on_delete=models.CASCADE, related_name="events")
    n = models.PositiveSmallIntegerField()  # 1, 2, …
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.value) for kind in EventKind])
    step = models.CharField(max_length=20, blank=True)  # of a fire; else what `workflows.clock` says of it
    at = models.DateTimeField()  # when it fell due: for a breach the deadline, never the sweep's time
    recorded_at = models.DateTimeField()
    # Of a start, a retarget and a carry: what was promised from then on, and in which hours (null: around the clock).
    target = models.DurationField(null=True)
    grace = models.DurationField(null=True)
    # Of a carry: what earlier moves, which nobody wrote down, had used.
    used = models.DurationField(null=True)
    calendar = TenantForeignKey("clients.Calendar", on_delete=models.RESTRICT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "clock", "n"], name="clock_line_is_one"),
            models.UniqueConstraint(
                fields=["agency", "clock", "step"],
                condition=models.Q(kind="fire"),
                name="clock_fires_each_step_once",
            ),
        ]

    def __str__(self) -> str:
        return self.step or self.kind

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import ClockKind, HoursOf, Priority


class SlaPolicy(TenantModel):
    """What was promised, to one client or (client absent) to all that have no policy of their own. One row a version."""

    part_of, shared = "client_id", True

    client = TenantForeignKey(
        "clients.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="policies"
    )
    version = models.PositiveIntegerField()
    warn_at = ArrayField(models.PositiveSmallIntegerField(), default=list)  # per cent of the target
    # A post that was older than this when it was found can't breach the respond target.
    late_found_after = models.DurationField()
    effective_from = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    current = models.BooleanField(default=True)
    # A client went back to the agency's default then; empty where the next version took this one's place.
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client", "version"],
                nulls_distinct=False,
                name="sla_policy_version_is_one",
            ),
            models.UniqueConstraint(
                fields=["agency", "client"],
                condition=models.Q(current=True),
                nulls_distinct=False,
                name="client_has_one_current_sla_policy",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None) | models.Q(current=False, client__isnull=False),
                name="withdrawn_sla_policy_was_a_clients",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client or 'Agency default'}, version {self.version}"

    def target_for(self, kind: ClockKind, priority: str) -> timedelta:
        """How long such a clock may take."""
        target: timedelta = self.row_for(kind, priority).target
        return target

    def row_for(self, kind: ClockKind, priority: str) -> "SlaTarget":
        """Its promise, with the hours it runs in. A later answer is promised as soon as the first one."""
        promised = ClockKind.RESPOND if kind is ClockKind.NEXT_RESPONSE else kind
        row: SlaTarget = next(t for t in self.targets.all() if (t.priority, t.kind) == (priority, promised))
        return row


class SlaTarget(TenantModel):
    """How long a clock of this kind may take for a mention of this priority."""

    referenced = False
    part_of, shared = "policy__client_id", True

    policy = TenantForeignKey("clients.SlaPolicy", on_delete=models.CASCADE, related_name="targets")
    priority = models.CharField(max_length=8, choices=Priority)
    kind = models.CharField(max_length=16, choices=ClockKind)
    target = models.DurationField()
    hours = models.CharField(max_length=8, choices=HoursOf, default=HoursOf.CLIENT)
    calendar = TenantForeignKey(
        "clients.Calendar", on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "policy", "priority", "kind"], name="target_is_one"),
            models.CheckConstraint(condition=models.Q(target__gt="00:00:00"), name="target_is_positive"),
            models.CheckConstraint(
                condition=models.Q(hours="calendar", calendar__isnull=False)
                | (~models.Q(hours="calendar") & models.Q(calendar=None)),
                name="target_names_its_calendar",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.priority}: {self.target}"

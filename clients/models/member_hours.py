from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class MemberHours(TenantModel):
    """When a member works: what isn't urgent reaches them then. Without a row: at any time."""

    referenced = False

    member = TenantForeignKey("agency.Membership", on_delete=models.CASCADE, related_name="+")
    zone = models.CharField(max_length=64, blank=True)
    # As a calendar's week, in the zone; null where `calendar` says it.
    week = models.JSONField(null=True)
    calendar = TenantForeignKey(
        "clients.Calendar", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "member"], name="member_has_one_week"),
            models.CheckConstraint(
                condition=models.Q(calendar=None, week__isnull=False) & ~models.Q(zone="")
                | models.Q(calendar__isnull=False, week=None),
                name="member_hours_are_a_week_or_a_calendar",
            ),
        ]

    def __str__(self) -> str:
        return f"hours of {self.member_id}"

from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class Calendar(TenantModel):
    """Open hours, of one client or (client absent) for the whole agency. What they are is in its versions."""

    part_of, shared = "client_id", True

    client = TenantForeignKey(
        "clients.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="calendars"
    )
    name = models.CharField(max_length=120)
    # The agency's own office hours: what holds for clients without a calendar of their own.
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency"],
                condition=models.Q(is_default=True),
                name="agency_has_one_default_calendar",
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(client=None, archived_at=None),
                name="default_calendar_is_the_agencys",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="calendar_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarVersion(TenantModel):
    """What a calendar says from `effective_from` until its next version begins. Never changed: time that has passed
    keeps the version that it ran under."""

    referenced = False
    part_of, shared = "calendar__client_id", True

    calendar = TenantForeignKey("clients.Calendar", on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    effective_from = models.DateTimeField()
    zone = models.CharField(max_length=64)  # IANA name
    # {"0": [["09:00", "17:00"]], …}: Monday is 0; an end before its start is on the next day.
    week = models.JSONField()
    # [{"date": "2026-12-24", "intervals": [["09:00", "12:00"]], "name": "Christmas Eve"}]: instead of the week's day;
    # no intervals: closed.
    exceptions = models.JSONField(default=list)
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2; "": no public holidays
    region = models.CharField(max_length=40, blank=True)  # a part of it, as the `holidays` library names it
    # [{"date": "2026-12-25", "name": "Christmas Day"}], closed: written down when the version was made, so that another
    # release of the library doesn't change time that has passed.
    holidays = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "calendar", "version"], name="calendar_version_is_one"),
            models.UniqueConstraint(
                fields=["agency", "calendar", "effective_from"], name="calendar_version_begins_alone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id}, version {self.version}"

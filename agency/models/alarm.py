from django.db import models

from agency.ids import new_id


class Alarm(models.Model):
    """A durable wake-up: at `due_at`, look at `subject` again. Holds ids and times, no content.

    Outside row security, because one sweep serves all agencies. A row is deleted when there is nothing more to wake
    for, so that the table's size follows what is open.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey("agency.Agency", on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    due_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    # The error's code or class, never its text.
    last_error = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "kind", "subject_id"], name="subject_has_one_alarm_of_a_kind"
            )
        ]
        indexes = [
            # Served by the sweeper, which asks for all agencies at once.
            models.Index(fields=["due_at"], name="alarm_due")
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.due_at:%Y-%m-%d %H:%M:%S}"

from django.db import models

from agency.tenancy import TenantModel


class Erasure(TenantModel):
    """That an author, a client or the agency was erased, or is to be: when, by whom, how much. Never a name."""

    class Kind(models.TextChoices):
        AUTHOR = "author", "An author"
        CLIENT = "client", "A client"
        AGENCY = "agency", "The agency"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being erased"
        DONE = "done", "Erased"
        CALLED_OFF = "called_off", "Called off"

    class Reason(models.TextChoices):
        # A choice and no text: what is written here stays when everything else is gone.
        ASKED = "asked", "The person or the client asked for it"
        ENDED = "ended", "The work for them has ended"
        MISTAKE = "mistake", "It should not have been collected"
        OTHER = "other", "Another reason"

    kind = models.CharField(max_length=8, choices=Kind)
    # What was erased: its id says nothing any more, but finds it again in a restored backup.
    about_id = models.UUIDField()
    reason = models.CharField(max_length=8, choices=Reason, default=Reason.OTHER)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # What is counted → how many were erased so far.
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "kind", "about_id"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="erasure_is_asked_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | models.Q(finished_at__isnull=False),
                name="done_erasure_has_time",
            ),
        ]
        indexes = [models.Index(fields=["agency", "-asked_at", "-id"], name="erasure_newest")]

    def __str__(self) -> str:
        return f"erasure of {self.get_kind_display().lower()}"

from django.db import models

from agency.tenancy import SameAgency, TenantForeignKey, TenantModel
from clients.models.contact_link import ContactLink


class Escalation(TenantModel):
    """One answer of a ladder to something about a mention: to a clock's step, or to its being urgent (a climb)."""

    part_of = "mention__client_id"

    class State(models.TextChoices):
        WAITING = "waiting", "Under way"
        DONE = "done", "Done"  # a step's answer was given, or the last rung was climbed
        TAKEN = "taken", "Taken"  # somebody acknowledged it
        CLAIMED = "claimed", "Claimed"
        CLOSED = "closed", "Closed"
        CALMED = "calmed", "No longer urgent"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="escalations")
    # What it is climbed by; null: the usual one, of an agency that has set none.
    ladder = TenantForeignKey("clients.Ladder", on_delete=models.PROTECT, null=True, related_name="+")
    # Of a step: the clock, what fell due, and when. Of a climb: none.
    clock = TenantForeignKey("workflows.Clock", on_delete=models.CASCADE, null=True, related_name="+")
    step = models.CharField(max_length=10, blank=True)
    at = models.DateTimeField()
    # Of a climb: how often it has climbed, and when it does again.
    rung = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    ended_at = models.DateTimeField(null=True)
    # Who took it, as they were called then; "" where nobody did.
    ended_by = models.CharField(max_length=120, blank=True)
    ended_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "clock", "step"], condition=~models.Q(step=""), name="step_is_answered_once"
            ),
            models.UniqueConstraint(
                fields=["agency", "mention"],
                condition=models.Q(step="", ended_at=None),
                name="mention_climbs_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(step="", clock=None)
                | (~models.Q(step="") & models.Q(clock__isnull=False)),
                name="escalation_of_a_step_names_its_clock",
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", ended_at=None)
                | (~models.Q(state="waiting") & models.Q(ended_at__isnull=False)),
                name="ended_escalation_has_time",
            ),
        ]
        indexes = [models.Index(fields=["agency", "mention"], name="escalation_of_mention")]

    def __str__(self) -> str:
        return f"{self.step or 'urgent'}: {self.state}"


class EscalationLine(TenantModel):
    """One thing that an escalation did, to whom, and what came of it. Append-only."""

    referenced = False
    part_of = "escalation__mention__client_id"

    class What(models.TextChoices):
        NOTIFY = "notify", "Told"
        ALERT = "alert", "Told the client"
        REASSIGN = "reassign", "Handed on"
        RAISE = "raise", "Raised the priority"
        NOBODY = "nobody", "Nobody to tell"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        SEEN = "seen", "Seen by the client"

    escalation = TenantForeignKey("workflows.Escalation", on_delete=models.CASCADE, related_name="lines")
    rung = models.PositiveSmallIntegerField(default=0)
    what = models.CharField(max_length=12, choices=What)
    # As whom somebody was told: assignee, managers, on_call, owners or member; "" where that says nothing.
    whom = models.CharField(max_length=10, blank=True)
    member = TenantForeignKey("agency.Membership", on_delete=models.CASCADE, null=True, related_name="+")
    contact = TenantForeignKey("clients.Contact", on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()
    # When the notice goes out, where it waits for the recipient's hours.
    not_before = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "escalation", "rung", "what", "whom", "member", "contact"],
                nulls_distinct=False,
                name="rung_does_a_thing_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.whom}"


class AlertLink(ContactLink):
    """An alert recipient's way to one urgent mention, to say that they have seen it."""

    # Stands beside the contact so that whoever follows the link enters the agency with this client alone.
    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="+")
    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            SameAgency(field="client", name="workflows_alertlink_client_same_agency"),
            SameAgency(field="contact", name="workflows_alertlink_contact_same_agency"),
            SameAgency(field="mention", name="workflows_alertlink_mention_same_agency"),
        ]
        indexes = [models.Index(fields=["agency", "mention"], name="alert_link_of_mention")]

    def __str__(self) -> str:
        return f"alert link of {self.contact_id}"

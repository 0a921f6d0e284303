from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from agency.sealed import SealedField
from agency.tenancy import TenantForeignKey, TenantModel


class WebhookEndpoint(TenantModel):
    """An address of the agency's own program, to which events are posted, signed by the Standard Webhooks specification.

    It belongs to the agency and not to who made it: when they leave it goes on, and the owners are told.
    """

    name = models.CharField(max_length=60)
    # The whole address may hold tokens; the origin is what everybody may know of it: “https://hooks.example”.
    url = SealedField()
    origin = models.CharField(max_length=120)
    # Only these types of events; empty: all.
    types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    # Only what concerns these clients; null: all of them, and what concerns none.
    client_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    secret = SealedField()
    # Until then messages are signed with this one too, so that the receiver can change over.
    old_secret = SealedField()
    old_until = models.DateTimeField(null=True)
    # Nothing but failures since then, so many in a row.
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    warned_at = models.DateTimeField(null=True)
    # Left in peace until then, because it fails or asked for it.
    rest_until = models.DateTimeField(null=True)
    # It answers, but takes its time: then it isn't called several times at once.
    is_slow = models.BooleanField(default=False)
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=300, blank=True)
    # Empty where Earshot did it.
    disabled_by = models.CharField(max_length=120, blank=True)
    created_by = TenantForeignKey("agency.Membership", on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "name"], name="webhook_has_its_own_name"),
            models.CheckConstraint(condition=~Q(url="") & ~Q(secret=""), name="webhook_leads_and_is_signed"),
            models.CheckConstraint(
                condition=Q(old_secret="") | Q(old_until__isnull=False), name="old_secret_has_an_end"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookReplay(TenantModel):
    """A range of events that is sent to an endpoint again, a few at a time, and how far that is."""

    class Which(models.TextChoices):
        UNDELIVERED = "undelivered", "What didn't arrive"
        ALL = "all", "Everything, also what arrived"

    class State(models.TextChoices):
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    endpoint = TenantForeignKey("agency.WebhookEndpoint", on_delete=models.CASCADE, related_name="replays")
    since = models.DateTimeField()
    until = models.DateTimeField()
    types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    which = models.CharField(max_length=11, choices=Which)
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    # Events of the range that were there when it began.
    total = models.PositiveIntegerField()
    # How many of them were looked at, and how many of those are sent again.
    seen = models.PositiveIntegerField(default=0)
    queued = models.PositiveIntegerField(default=0)
    # The last event that was looked at.
    after_id = models.UUIDField(null=True)
    by_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "endpoint"],
                condition=Q(state="running"),
                name="webhook_has_one_replay_under_way",
            ),
        ]
        indexes = [models.Index(fields=["agency", "endpoint", "-created_at"], name="replay_of_webhook")]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}: {self.state}"


class WebhookDelivery(TenantModel):
    """One event on its way to one endpoint. Made by the database with the event itself (migration 0012).

    It holds no content: the body is written anew from the event, which may be trimmed or erased by then.
    """

    part_of = "client_id"

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENDING = "sending", "Being sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"
        DROPPED = "dropped", "Not sent"

    endpoint = TenantForeignKey("agency.WebhookEndpoint", on_delete=models.CASCADE, related_name="deliveries")
    # Of the event; of a test, of nothing. No foreign key, because events are trimmed and erased.
    event_id = models.UUIDField()
    type = models.CharField(max_length=60)
    client_id = models.UUIDField(null=True)
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    # All that were ever made, and those since it was last queued: the place in the schedule of retries.
    attempts = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    # When it is tried next; while it is being sent, when the lease of who sends it ends.
    next_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    # What came back last, and why it was given up or not sent.
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    # How often somebody had it sent again, and by which range it was last.
    replayed = models.PositiveSmallIntegerField(default=0)
    replay = TenantForeignKey(
        "agency.WebhookReplay", on_delete=models.SET_NULL, null=True, related_name="deliveries"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "event_id", "endpoint"], name="webhook_gets_an_event_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False),
                name="delivered_webhook_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["pending", "sending"]) | Q(next_at__isnull=False),
                name="open_delivery_has_a_next_time",
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "endpoint", "-created_at", "-id"], name="delivery_latest"),
            # What is to be sent: its size follows what is open, not what was delivered.
            models.Index(
                fields=["agency", "endpoint", "next_at", "id"],
                name="delivery_open",
                condition=Q(state__in=["pending", "sending"]),
            ),
            # How many of an endpoint are in flight.
            models.Index(
                fields=["agency", "endpoint", "next_at"],
                name="delivery_in_flight",
                condition=Q(state="sending"),
            ),
            models.Index(
                fields=["agency", "replay"], name="delivery_of_replay", condition=Q(replay__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.state}"


class WebhookAttempt(TenantModel):
    """One attempt at a delivery: what was sent besides the event's own words, and what came back. Append-only."""

    referenced = False
    part_of = "delivery__client_id"

    delivery = TenantForeignKey("agency.WebhookDelivery", on_delete=models.CASCADE, related_name="log")
    n = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    # Null where whoever made it was cut off: whether it arrived isn't known.
    finished_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    request_headers = models.JSONField(default=dict)
    response_headers = models.JSONField(default=dict)
    # The beginning of it.
    response_body = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "delivery", "n"], name="delivery_is_tried_in_order")
        ]

    def __str__(self) -> str:
        return f"attempt {self.n}: {self.status or self.error}"

from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import ReplyKind


class Response(TenantModel):
    """What we want to say to a mention. Its text lives in immutable versions; one response a mention is open."""

    part_of = "mention__client_id"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="responses")
    kind = models.CharField(max_length=20, choices=ReplyKind, default=ReplyKind.OTHER)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    # Set when it was answered or left behind by a reopening.
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "mention"], name="response_of_mention")]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "mention"],
                condition=models.Q(closed_at=None),
                name="mention_has_one_open_response",
            )
        ]

    def __str__(self) -> str:
        return f"response to {self.mention_id}"


class Version(TenantModel):
    """One text of a response, never changed. `digest` pins all that an approver agrees to."""

    part_of = "response__mention__client_id"

    response = TenantForeignKey("workflows.Response", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    target_url = models.CharField(max_length=2000, blank=True)
    post_hash = models.CharField(max_length=64)  # of the post's text as it was when this was written
    lane = models.CharField(max_length=20)  # the platform that will publish it, or hand_made
    digest = models.CharField(max_length=64)
    author_kind = models.CharField(max_length=10)
    author_id = models.UUIDField(null=True)
    author_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "response", "number"], name="version_number_is_one")
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

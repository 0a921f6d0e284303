from django.db import models

from agency.tenancy import TenantModel


class ForgottenAuthor(TenantModel):
    """An account that is never collected again: a keyed digest of it, which nobody can turn back into the account."""

    referenced = False

    platform = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)  # HMAC-SHA-256 of the account's key, under the agency's own salt
    erasure_id = models.UUIDField(null=True)
    since = models.DateTimeField()
    by_name = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "platform", "digest"], name="author_is_forgotten_once")
        ]
        indexes = [models.Index(fields=["agency", "-since", "-id"], name="forgotten_newest")]

    def __str__(self) -> str:
        return "a forgotten author"


class PastMention(TenantModel):
    """A mention that the client's retention deleted: its source may list the post for years, and it isn't news again."""

    referenced = False
    part_of = "client_id"

    client_id = models.UUIDField()
    digest = models.CharField(max_length=64)  # HMAC-SHA-256 of the post's key, under the agency's own salt
    deleted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "client_id", "digest"], name="mention_is_past_once")
        ]
        indexes = [models.Index(fields=["agency", "deleted_at"], name="past_mention_oldest")]

    def __str__(self) -> str:
        return "a past mention"

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.sealed import SealedField
from agency.tenancy import TenantModel


class StoredAnswer(TenantModel):
    """What a call with an Idempotency-Key was answered, so that the same call again does nothing twice. For a day.

    Written with the effect, in one transaction. A call whose effect is outside the database (a test message) is written
    down before it begins, without a status, and again when its answer is known.
    """

    referenced = False

    # The API key's id, or the membership's.
    caller_id = models.UUIDField()
    # SHA-256, in hex: of the key that the caller chose, and of what was asked (method, path, query, If-Match and body).
    key_digest = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    # The clients that the caller worked for then; null: all. Who is limited later isn't told of others again.
    client_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    # Empty while nobody knows how it ends.
    status = models.PositiveSmallIntegerField(null=True)
    # Headers and body; empty where it was too large to be kept. Sealed, because an answer may hold what is shown once.
    answer = SealedField()
    began_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "caller_id", "key_digest"], name="idempotency_key_is_used_once"
            )
        ]
        # For housekeeping, which deletes those that are over.
        indexes = [models.Index(fields=["agency", "expires_at"], name="stored_answer_is_over")]

    def __str__(self) -> str:
        return f"answer {self.status or 'under way'}"

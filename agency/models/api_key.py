from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from agency.ids import new_id


class ApiKey(models.Model):
    """A program's way in. Found by its prefix before the agency is known, so outside row security; holds hashes only.

    After a rotation its old secret works beside the new one, until `old_until`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey("agency.Agency", on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)
    # SHA-256 of the secret: 256 random bits need no slow hash.
    digest = models.CharField(max_length=64)
    old_digest = models.CharField(max_length=64, blank=True, default="")
    old_until = models.DateTimeField(null=True, blank=True)
    old_used_at = models.DateTimeField(null=True, blank=True)
    rotated_at = models.DateTimeField(null=True, blank=True)
    rights = ArrayField(models.CharField(max_length=12))
    # The clients that it is for; null: all that who made it works for.
    client_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    # Calls a minute; null: as many as every key.
    rate = models.PositiveIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(
        "agency.Membership", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # The key that made it, where a program did; `created_by` is then who made that one.
    made_by_key = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="made")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # The network address that it was last used from.
    last_used_from = models.CharField(max_length=45, blank=True, default="")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(old_digest="") | Q(old_until__isnull=False), name="old_secret_of_a_key_ends"
            ),
            models.CheckConstraint(condition=Q(rate=None) | Q(rate__gt=0), name="key_may_call_at_all"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.ids import new_id


class ApiKey(models.Model):
    """A program's way in. Found by its prefix before the agency is known, so outside row security; holds a hash only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey("agency.Agency", on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)
    # SHA-256 of the secret: 256 random bits need no slow hash.
    digest = models.CharField(max_length=64)
    rights = ArrayField(models.CharField(max_length=12))
    # The clients that it is for; null: all that who made it works for.
    client_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    created_by = models.ForeignKey(
        "agency.Membership", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

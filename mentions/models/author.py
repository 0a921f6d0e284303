from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from agency.tenancy import TenantModel


class Author(TenantModel):
    """The public account that posted, as its platform names it."""

    platform = models.CharField(max_length=20)
    key = models.CharField(max_length=64)  # SHA-256 of the platform's name for the account
    name = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "platform", "key"], name="author_is_one_account")
        ]

    def __str__(self) -> str:
        return self.name or "Unknown author"

    @classmethod
    def within(cls, clients: frozenset[UUID]) -> models.Q:
        """Accounts with a post that is a mention of one of these clients."""
        found: Any = apps.get_model("mentions.Post")
        return models.Q(models.Exists(found.objects.filter(author=models.OuterRef("pk"))))

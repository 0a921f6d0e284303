from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import ContactRight, Part, contact_rights


class Contact(TenantModel):
    """A person at the client. Has no account; acts by signed link, as far as their parts allow at that moment."""

    part_of = "client_id"

    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=120)
    email = models.EmailField(max_length=254)
    parts = ArrayField(models.CharField(max_length=10, choices=Part))
    time_zone = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client", "email"],
                condition=models.Q(left_at=None),
                name="contact_email_is_one_at_its_client",
            ),
            models.CheckConstraint(condition=models.Q(parts__len__gt=0), name="contact_has_a_part"),
            models.CheckConstraint(
                condition=models.Q(parts__contained_by=Part.values), name="contact_has_known_parts"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def may(self, right: ContactRight) -> bool:
        """Every check of what a contact may do. One who left may nothing."""
        return self.left_at is None and right in contact_rights(self.parts)

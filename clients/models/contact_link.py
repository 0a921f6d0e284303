from django.db import models

from agency.ids import new_id
from agency.tenancy import TenantForeignKey


class ContactLink(models.Model):
    """A contact's way in, by a mail of theirs. Found by its token's hash before the agency is known, so outside row
    security: ids and times only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey("agency.Agency", on_delete=models.CASCADE, related_name="+", db_index=False)
    contact = TenantForeignKey("clients.Contact", on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of a 256-bit token
    # SHA-256 of the mail address that it was made for: the link ends when the contact gets another.
    address_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

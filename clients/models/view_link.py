from django.db import models

from agency.ids import new_id
from agency.tenancy import SameAgency, TenantForeignKey


class ViewLink(models.Model):
    """A viewer's way to their client's results. Found by its token's hash before the agency is known, so outside row
    security: ids and times only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey("agency.Agency", on_delete=models.CASCADE, related_name="+", db_index=False)
    # Stands beside the contact so that whoever follows the link enters the agency with this client alone.
    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="+")
    contact = TenantForeignKey("clients.Contact", on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of a 256-bit token
    # SHA-256 of the mail address that it was made for: the link ends when the contact gets another.
    address_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            SameAgency(field="client", name="clients_viewlink_client_same_agency"),
            SameAgency(field="contact", name="clients_viewlink_contact_same_agency"),
        ]
        indexes = [models.Index(fields=["agency", "contact"], name="view_link_of_contact")]

    def __str__(self) -> str:
        return f"link of {self.contact_id}"

from django.db import models

from agency.tenancy import SameAgency, TenantForeignKey
from clients.models.contact_link import ContactLink


class ViewLink(ContactLink):
    """A viewer's way to their client's results."""

    # Stands beside the contact so that whoever follows the link enters the agency with this client alone.
    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            SameAgency(field="client", name="clients_viewlink_client_same_agency"),
            SameAgency(field="contact", name="clients_viewlink_contact_same_agency"),
        ]
        indexes = [models.Index(fields=["agency", "contact"], name="view_link_of_contact")]

    def __str__(self) -> str:
        return f"link of {self.contact_id}"

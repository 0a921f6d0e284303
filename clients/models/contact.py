from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class Contact(TenantModel):
    """A person at the client. Has no account; acts by signed link."""

    class Part(models.TextChoices):
        APPROVER = "approver", "Approver: decides replies"
        VIEWER = "viewer", "Viewer: sees results"
        ALERTS = "alerts", "Alerts: is told of urgent mentions"

    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=120)
    email = models.EmailField(max_length=254)
    part = models.CharField(max_length=10, choices=Part, default=Part.APPROVER)
    time_zone = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client", "email"],
                condition=models.Q(left_at=None),
                name="contact_email_is_one_at_its_client",
            )
        ]

    def __str__(self) -> str:
        return self.name

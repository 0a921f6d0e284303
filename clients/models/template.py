from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from clients.words import ReplyKind


class Template(TenantModel):
    """A reply of the playbook, with named slots in braces: {author}, {client}, {me}."""

    part_of, shared = "client_id", True

    client = TenantForeignKey(
        "clients.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="templates"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=ReplyKind)
    text = models.TextField(max_length=5000)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "client", "name"], name="template_of_client")]

    def __str__(self) -> str:
        return self.name

from django.db import models

from agency.ids import new_id
from agency.sealed import SealedField
from agency.tenancy import TenantForeignKey, TenantModel


class IdentityProvider(models.Model):
    """Where an agency's own people prove who they are (OpenID Connect). It speaks for this agency, and for no other.

    Found by its code before the agency is known, so outside row security.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.OneToOneField("agency.Agency", on_delete=models.CASCADE, related_name="identity_provider")
    # In the address of the agency's sign-in. Nobody can guess it, so nobody can find out which agencies are here.
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=255)
    client_secret = SealedField()
    # Members who aren't owners enter the agency by it only.
    only_way = models.BooleanField(default=False)
    # Sessions begun in an earlier epoch are over: counted on when it is disabled, or becomes another.
    epoch = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="agency_identityprovider_in_agency")
        ]

    def __str__(self) -> str:
        return self.name


class Identity(TenantModel):
    """A member is known to the provider as this subject: tied at their first sign-in, by verified mail address."""

    referenced = False

    provider = TenantForeignKey(
        "agency.IdentityProvider", on_delete=models.CASCADE, related_name="identities"
    )
    member = TenantForeignKey("agency.Membership", on_delete=models.CASCADE, related_name="identities")
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "provider", "subject"], name="subject_is_one_member"),
            models.UniqueConstraint(fields=["agency", "provider", "member"], name="member_is_one_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.member} at {self.provider}"

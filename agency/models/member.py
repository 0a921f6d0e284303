from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.ids import new_id
from agency.rights import Role


class Membership(models.Model):
    """A person's place in an agency. Read before the agency is known, so outside row security."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey(
        "agency.Agency", on_delete=models.CASCADE, related_name="members", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    # The clients that they work for; null: all. No foreign key, as it is read before the agency is entered.
    client_ids = ArrayField(models.UUIDField(), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # A member who left stays named in what they did.
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "user"], name="user_is_a_member_once"),
            models.UniqueConstraint(fields=["agency", "id"], name="agency_membership_in_agency"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_has_a_known_role"),
            models.CheckConstraint(
                condition=~models.Q(role=Role.OWNER) | models.Q(client_ids=None),
                name="owner_works_for_all_clients",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    @property
    def name(self) -> str:
        return str(self.user)

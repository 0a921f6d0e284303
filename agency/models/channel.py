from django.db import models
from django.db.models import Q

from agency.sealed import SealedField
from agency.tenancy import TenantForeignKey, TenantModel


class Channel(TenantModel):
    """A way to reach one member, or (member absent) a room where the agency is told.

    Who has none that takes a notice gets it by mail.
    """

    class Kind(models.TextChoices):
        MAIL = "mail", "Mail"
        APPRISE = "apprise", "Chat, push or SMS"
        WEBHOOK = "webhook", "Webhook"

    class Takes(models.TextChoices):
        ALL = "all", "Everything"
        URGENT = "urgent", "Urgent notices only"

    member = TenantForeignKey(
        "agency.Membership", on_delete=models.CASCADE, null=True, related_name="channels"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    takes = models.CharField(max_length=6, choices=Takes, default=Takes.ALL)
    name = models.CharField(max_length=60)
    # A room's mail address. A member's mail goes to the address that they sign in with.
    email = models.EmailField(blank=True)
    # Where it leads, as far as everybody may know: “Slack”, “https://hooks.example”.
    service = models.CharField(max_length=120, blank=True)
    # The whole address, which holds tokens.
    address = SealedField()
    # What a webhook is signed with (Standard Webhooks), shown once.
    signing = SealedField()
    # Notices in a row that were given up.
    failures = models.PositiveSmallIntegerField(default=0)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.CharField(max_length=300, blank=True)
    # Of a room: who is told that it was disabled.
    created_by = TenantForeignKey("agency.Membership", on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "member", "name"], nulls_distinct=False, name="channel_has_its_own_name"
            ),
            models.CheckConstraint(condition=Q(kind="mail") | ~Q(address=""), name="channel_leads_somewhere"),
            models.CheckConstraint(condition=~Q(kind="webhook") | ~Q(signing=""), name="webhook_is_signed"),
        ]

    def __str__(self) -> str:
        return self.name

from django.db import models

from agency.tenancy import SameAgency, TenantForeignKey, TenantModel
from clients.models.contact_link import ContactLink


class Approval(TenantModel):
    """A request to the client's contacts to decide one version."""

    part_of = "mention__client_id"

    class State(models.TextChoices):
        OPEN = "open", "Waiting for the client"
        DECIDED = "decided", "Decided, can still be undone"
        APPROVED = "approved", "Approved"
        CHANGES = "changes", "The client asked for a change"
        WITHDRAWN = "withdrawn", "Taken back"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="approvals")
    version = TenantForeignKey("workflows.Version", on_delete=models.CASCADE, related_name="approvals")
    policy = TenantForeignKey("clients.ApprovalPolicy", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField()
    needed_by = models.DateTimeField()
    # The first request that reached a mail server: from here the time is the client's.
    delivered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "mention"], name="approval_of_mention"),
            models.Index(fields=["agency", "version"], name="approval_of_version"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "mention"],
                condition=models.Q(closed_at=None),
                name="mention_has_one_open_approval",
            )
        ]

    def __str__(self) -> str:
        return f"approval of {self.version_id}"


class ApprovalLink(ContactLink):
    """An approver's way to one approval."""

    approval = TenantForeignKey("workflows.Approval", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            SameAgency(field="approval", name="workflows_approvallink_approval_same_agency"),
            SameAgency(field="contact", name="workflows_approvallink_contact_same_agency"),
        ]
        indexes = [models.Index(fields=["agency", "approval"], name="link_of_approval")]

    def __str__(self) -> str:
        return f"link to {self.approval_id}"


class Decision(TenantModel):
    """What a contact decided about one version, pinned by its digest. Takes effect when its undo time is over."""

    part_of = "approval__mention__client_id"

    class Verdict(models.TextChoices):
        APPROVE = "approve", "Approve"
        EDIT = "edit", "Approve with edits"
        CHANGE = "change", "Ask for a change"

    class State(models.TextChoices):
        PENDING = "pending", "Can be undone"
        EFFECTIVE = "effective", "In effect"
        UNDONE = "undone", "Undone"
        VOID = "void", "Void: the request was taken back first"

    approval = TenantForeignKey("workflows.Approval", on_delete=models.CASCADE, related_name="decisions")
    contact = TenantForeignKey("clients.Contact", on_delete=models.PROTECT, related_name="+")
    version = TenantForeignKey("workflows.Version", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    verdict = models.CharField(max_length=8, choices=Verdict)
    reasons = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    channel = models.CharField(max_length=10, default="link")
    address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField()
    effective_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "approval"], name="decision_of_approval"),
            models.Index(fields=["agency", "version"], name="decision_of_version"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "approval"],
                condition=models.Q(state__in=["pending", "effective"]),
                name="approval_is_decided_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} ({self.state})"

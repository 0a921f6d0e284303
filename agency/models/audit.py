import secrets

from django.db import models

from agency.tenancy import TenantModel


def new_salt() -> str:
    return secrets.token_hex(16)


class AuditEntry(TenantModel):
    """Who did what, when, from where. Append-only: the application's role may neither update nor delete.

    What is personal is told in two parts, each with a salt of its own: who did it (`actor_name`, `address`) and what
    it was about (`subject_name`, `details`). The chain holds their salted digests alone, so that a part can be erased
    (with its salt, which makes the digest say nothing) and the chain still holds.
    """

    referenced = False
    part_of = "client_id"

    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=120)
    address = models.CharField(max_length=45, blank=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField(null=True)
    subject_name = models.CharField(max_length=200, blank=True)
    # The client that it concerns, where it concerns one; no foreign key: what happened outlives whom it concerned.
    client_id = models.UUIDField(null=True)
    # Field → [before, after], or plain facts.
    details = models.JSONField(default=dict)
    # Empty once the part is erased.
    who_salt = models.CharField(max_length=32, default=new_salt, editable=False)
    what_salt = models.CharField(max_length=32, default=new_salt, editable=False)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "-at", "-id"], name="audit_newest"),
            models.Index(fields=["agency", "subject_id", "at"], name="audit_of_subject"),
            models.Index(fields=["agency", "client_id", "-at", "-id"], name="audit_of_client"),
            models.Index(fields=["agency", "actor_id", "-at", "-id"], name="audit_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action}"


class AuditLink(TenantModel):
    """An entry's place in its agency's chain; its id is the entry's. Written by the database alone, as it commits.

    What is hashed, and how, says `agency.chain`.
    """

    referenced = False

    # None only inside the transaction that writes the entry.
    seq = models.BigIntegerField(null=True)
    who_digest = models.CharField(max_length=64)
    what_digest = models.CharField(max_length=64)
    payload_digest = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "seq"],
                condition=models.Q(seq__isnull=False),
                name="audit_chain_has_one_link_at_a_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.hash}"


class AuditChain(TenantModel):
    """The head of an agency's chain: how long it is, and its last hash. Written by the database alone.

    It counts the agency's events as well (`FeedPlace`): one row, so that a transaction has one last lock to take.
    """

    referenced = False

    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    events = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency"], name="agency_has_one_audit_chain")]

    def __str__(self) -> str:
        return f"{self.seq}: {self.hash}"

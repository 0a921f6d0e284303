from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class ThreadKey(TenantModel):
    """One name in a conversation: of a post, whether we keep it or not, or of a page that posts are part of.

    All names with one `thread` are one conversation, in whatever order they were read; nothing is followed to know it,
    so that no chain is too long and no loop is one. Digests alone: no word, and nobody's name.
    """

    referenced = False

    key_hash = models.CharField(max_length=64)  # as Post.key_hash
    thread = models.UUIDField()
    # What it answers: the digests of the names that that may have.
    parents = ArrayField(models.CharField(max_length=64), default=list)
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "key_hash"], name="key_is_in_one_conversation")
        ]
        indexes = [
            models.Index(fields=["agency", "thread"], name="key_of_conversation"),
            models.Index(fields=["agency", "noted_at"], name="key_oldest"),
        ]

    def __str__(self) -> str:
        return f"name in {self.thread}"


class Message(TenantModel):
    """A post that belongs to a mention without being one of its own: what its author wrote later in the conversation,
    or what the client itself wrote there."""

    referenced = False
    part_of = "mention__client_id"

    class By(models.TextChoices):
        AUTHOR = "author", "The author"
        CLIENT = "client", "The client"

    class Effect(models.TextChoices):
        JOINED = "joined", "Joined"
        REOPENED = "reopened", "Reopened it"
        RAISED = "raised", "Became a mention of its own"
        ANSWERED = "answered", "Answered it"
        NOTED = "noted", "Waits for a person"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="messages")
    post = TenantForeignKey("mentions.Post", on_delete=models.CASCADE, related_name="messages")
    by = models.CharField(max_length=8, choices=By)
    # The client's: whether it plainly answers the mention, or is only in the same conversation.
    direct = models.BooleanField(default=True)
    # What is listened for, as found in it; often nothing.
    matched = ArrayField(models.CharField(max_length=200), default=list)
    recorded_at = models.DateTimeField()
    effect = models.CharField(max_length=8, choices=Effect, default=Effect.JOINED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "mention", "post"], name="post_joins_a_mention_once")
        ]
        indexes = [models.Index(fields=["agency", "post"], name="message_of_post")]

    def __str__(self) -> str:
        return f"{self.by}: {self.effect}"


class OwnAccount(TenantModel):
    """An account that a client posts with itself: what it says is no mention of that client, and may be an answer."""

    referenced = False
    part_of = "client_id"

    client = TenantForeignKey("clients.Client", on_delete=models.CASCADE, related_name="own_accounts")
    account = models.CharField(max_length=500)  # its address, or where sources name none, its name
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "client", "digest"], name="own_account_is_one")
        ]

    def __str__(self) -> str:
        return self.account

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from mentions.words import Sentiment


class Post(TenantModel):
    """What somebody published, as it was seen: a fact. Wide, and it never changes state."""

    source = TenantForeignKey("mentions.Source", on_delete=models.SET_NULL, null=True, related_name="+")
    author = TenantForeignKey("mentions.Author", on_delete=models.CASCADE, null=True, related_name="posts")
    platform = models.CharField(max_length=20)
    # The entry's key (mentions/feeds) and the SHA-256 of it that makes a post one, wherever it is seen.
    key = models.CharField(max_length=2100)
    key_hash = models.CharField(max_length=64)
    url = models.CharField(max_length=2000, blank=True)
    title = models.CharField(max_length=500, blank=True)
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    # What its source says, else what was detected; empty: neither tells.
    language = models.CharField(max_length=12, blank=True)
    language_detected = models.BooleanField(default=False)
    # Empty: nobody has looked yet (mentions.actions.describing). The score is in thousandths, -1000 to 1000.
    sentiment = models.CharField(max_length=8, choices=Sentiment, blank=True, default="")
    sentiment_score = models.SmallIntegerField(null=True)
    published_at = models.DateTimeField()
    # The source said a time in the future, or none: the time of receipt stands in.
    published_guessed = models.BooleanField(default=False)
    seen_at = models.DateTimeField()
    counts = models.JSONField(default=dict)
    # What it answers, and the key of the discussion that it is part of, as its source says. Which posts are one
    # conversation, and which names that has, is in ThreadKey.
    in_reply_to = models.CharField(max_length=2000, blank=True, default="")
    conversation = models.CharField(max_length=600, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "key_hash"], name="post_is_one_wherever_it_is_seen")
        ]
        indexes = [
            models.Index(fields=["agency", "author", "-published_at"], name="post_newest_of_author"),
            # Gone once all are read (mentions.actions.describing).
            models.Index(fields=["agency", "id"], name="post_unread", condition=models.Q(sentiment="")),
        ]

    def __str__(self) -> str:
        return self.title or self.text[:80]

    @classmethod
    def within(cls, clients: frozenset[UUID]) -> models.Q:
        """Posts that are mentions of one of these clients, or belong to one."""
        mentions: Any = apps.get_model("mentions.Mention")
        messages: Any = apps.get_model("mentions.Message")
        return models.Q(models.Exists(mentions.objects.filter(post=models.OuterRef("pk")))) | models.Q(
            models.Exists(messages.objects.filter(post=models.OuterRef("pk")))
        )

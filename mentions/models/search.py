from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel


class SearchEntry(TenantModel):
    """The words of a mention. Beside it, and filled in bulk shortly after: a vector in the mention's own row would make
    each move of it write the index again.

    Searched only by the function `mentions_search`: under a policy PostgreSQL can't use the vectors' index.
    """

    referenced = False
    part_of = "client_id"

    mention = TenantForeignKey("mentions.Mention", on_delete=models.CASCADE, related_name="+")
    # The mention's own, so that searching needs no other table: whose it is, and its place among the newest.
    client_id = models.UUIDField()
    recorded_at = models.DateTimeField()
    vector = SearchVectorField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "mention"], name="mention_is_searched_once")]
        indexes = [
            # Every agency's words in one index: each vector and each search names its agency among them. Written at
            # once rather than from a pending list, which every search would have to read through.
            GinIndex(fields=["vector"], name="search_words", fastupdate=False),
            # For words that almost every mention has: the newest are looked through until there are enough.
            models.Index(fields=["agency", "-recorded_at", "-mention"], name="search_newest"),
        ]

    def __str__(self) -> str:
        return f"words of mention {self.mention_id}"

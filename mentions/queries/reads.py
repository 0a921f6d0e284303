"""What reading a source brought."""

from typing import Any

from django.db.models import QuerySet

from agency.actor import Actor
from agency.rights import Right
from mentions.models import Source, SourceRead


def list_reads(source: Source, *, by: Actor) -> "QuerySet[Any]":
    by.require(Right.READ)
    return SourceRead.objects.filter(source=source)

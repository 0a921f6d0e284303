"""Who is on duty, as answers name them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from clients.queries.rotas import Person

# For examples.
BEN = {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e03", "name": "Ben"}
MARA = {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e04", "name": "Mara"}


def named(member: UUID, known: Mapping[UUID, Person]) -> dict[str, Any]:
    """Also who left: the name is empty for who was never here."""
    return {"id": member, "name": known[member].name if member in known else ""}

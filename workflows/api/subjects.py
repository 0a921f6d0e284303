"""What an export or an erasure is about, as programs say it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from rest_framework import serializers

from agency.errors import Invalid, NotFound
from agency.models import Erasure, Export

ID_OR_NULL = {"type": ["string", "null"], "format": "uuid"}


def one_subject(given: dict[str, Any]) -> dict[str, Any]:
    """From `client` or `author`, as the kind asks for it, to `about_id`; the agency needs neither.

    Raises:
        ValidationError: the one that is needed is missing, or another was given.
    """
    kind = given["kind"]
    ids = {name: given.pop(name) for name in ("client", "author")}
    if kind in ids and ids[kind] is None:
        raise serializers.ValidationError({kind: [f"Say which {kind}."]})
    for name, value in ids.items():
        if value is not None and name != kind:
            raise serializers.ValidationError({name: [f"This has no place beside the kind “{kind}”."]})
    return {**given, "about_id": ids.get(kind)}


@contextmanager
def named_in(body: dict[str, Any]) -> Iterator[None]:
    """A client or author that a body names and that isn't there is the field's fault, not the address's.

    Raises:
        Invalid.
    """
    try:
        yield
    except NotFound:
        raise Invalid.field(body["kind"], f"There is no {body['kind']} with this id.") from None


def about(row: Export | Erasure, kind: str) -> UUID | None:
    """The client or author that it is about, where it is about one."""
    return row.about_id if row.kind == kind else None

"""What an audit entry or an event is about."""

from typing import Any
from uuid import UUID

from django.db.models import Model

from agency.tenancy import TenantModel


def client_of(subject: Model) -> UUID | None:
    """The client that this row concerns, by the path that its model states; None where it concerns none."""
    path = subject.part_of if isinstance(subject, TenantModel) else ""
    found: Any = subject
    for name in path.split("__") if path else ():
        found = getattr(found, name, None)
    return found if isinstance(found, UUID) else None

"""What commands about one agency share: finding it and what is in it, and asking the operator."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from agency.actor import Actor, system
from agency.models import Agency
from agency.tenancy import tenant
from workflows.queries.exports import find_subject


def find_agency(wanted: str) -> Agency:
    """By id, or by its name where only one is called so.

    Raises:
        CommandError.
    """
    try:
        found = list(Agency.objects.filter(pk=UUID(wanted)))
    except ValueError:
        found = list(Agency.objects.filter(name__iexact=wanted)[:2])
    if len(found) != 1:
        raise CommandError(
            f"There are several agencies called “{wanted}”: use the id."
            if found
            else f"There is no agency “{wanted}”."
        )
    return found[0]


def subject_of(agency: Agency, options: dict[str, Any]) -> tuple[str, UUID | None, str]:
    """(kind, id, name) of what --client, --author or neither names."""
    chosen = [(kind, options[kind]) for kind in ("client", "author") if options.get(kind)]
    if len(chosen) > 1:
        raise CommandError("Name a client or an author, not both.")
    kind, about = chosen[0] if chosen else ("agency", None)
    try:
        about_id = UUID(about) if about else None
    except ValueError:
        raise CommandError(f"“{about}” isn't an id.") from None
    with tenant(agency.pk):
        subject = find_subject(kind, about_id, by=operator(agency))
        return kind, about_id, str(subject)


def operator(agency: Agency) -> Actor:
    """Whoever has a shell on the installation."""
    return system(agency.pk)


def confirmed(command: BaseCommand, name: str, *, sure: bool) -> None:
    """Raises: CommandError, unless the operator types the name, or said --yes."""
    if sure:
        return
    command.stdout.write("This can't be undone.")
    if input(f"Type “{name}” to go on: ").strip() != name:
        raise CommandError("Nothing was done.")

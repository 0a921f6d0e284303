"""Delete what clients' retention says should be gone, now instead of at its daily turn."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from agency import clock
from agency.errors import DomainError
from agency.models import Agency
from agency.tenancy import tenant
from clients.models import Client
from clients.queries.clients import get_client
from config.management.agencies import confirmed, find_agency, operator
from workflows.actions.retention import change_retention, delete_due, preview_retention


class Command(BaseCommand):
    help = (
        "Delete closed mentions that are older than their client keeps them; it happens daily by itself as well. With "
        "--client and --keep-days: set how long that is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", default="", help="only this one: its id or name")
        parser.add_argument("--client", default="", help="only this one: its id")
        parser.add_argument("--keep-days", metavar="N", help="keep the client's for so many days, or forever")
        parser.add_argument(
            "--yes", action="store_true", help="don't ask, even if something is deleted at once"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        agencies = (
            [find_agency(options["agency"])] if options["agency"] else list(Agency.objects.order_by("id"))
        )
        if options["keep_days"]:
            if len(agencies) != 1 or not options["client"]:
                raise CommandError("Say whose: --agency and --client.")
            self._set(
                agencies[0], **{name: options[name] for name in ("client", "keep_days", "yes", "dry_run")}
            )
            return
        for agency in agencies:
            with tenant(agency.pk, read_only=True):
                kept = Client.objects.filter(keep_days__isnull=False).order_by("name", "id")
                clients = list(kept.filter(pk=_id(options["client"])) if options["client"] else kept)
            for client in clients:
                many = self._count(agency, client) if options["dry_run"] else self._delete(agency, client)
                verb = "would be deleted" if options["dry_run"] else "deleted"
                self.stdout.write(
                    f"{agency.name}, {client.name} ({client.keep_days} days): {many} mentions {verb}."
                )

    def _set(self, agency: Agency, *, client: str, keep_days: str, yes: bool, dry_run: bool) -> None:
        days = None if keep_days == "forever" else _number(keep_days)
        by = operator(agency)
        try:
            with tenant(agency.pk):
                found, now = get_client(_id(client), by=by), clock.now()
                preview = preview_retention(found, keep_days=days, by=by, now=now)
                self.stdout.write(f"{found.name}: {preview.sentence()}")
                if dry_run:
                    return
                if preview.mentions:
                    confirmed(self, found.name, sure=yes)
                change_retention(found, keep_days=days, confirmed=True, by=by, now=now)
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(
            f"Closed mentions of {found.name} are kept {f'for {days} days' if days else 'for ever'}."
        )

    def _count(self, agency: Agency, client: Client) -> int:
        with tenant(agency.pk, read_only=True):
            by, now = operator(agency), clock.now()
            return preview_retention(client, keep_days=client.keep_days, by=by, now=now).mentions

    def _delete(self, agency: Agency, client: Client) -> int:
        many = 0
        while True:
            with tenant(agency.pk):
                gone = delete_due(client, now=clock.now())
            if not gone["mentions"]:
                return many
            many += gone["mentions"]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CommandError(f"“{text}” isn't an id.") from None


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise CommandError("Give a number of days, or forever.") from None

"""Verify the audit log: nothing in it was changed, removed, inserted or moved."""

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from agency.actor import system
from agency.models import Agency
from agency.queries.audit_chain import Verdict, verify
from agency.tenancy import tenant


class Command(BaseCommand):
    help = (
        "Reckon the audit chain of an agency (or of all) again, from its first entry. Says how many entries hold and "
        "where each chain ends; exits with 1 at a chain that doesn't hold, naming the first entry that is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--agency", type=UUID, metavar="ID", help="one agency")
        which.add_argument(
            "--all", action="store_true", help="all agencies (this is what happens without --agency)"
        )
        parser.add_argument(
            "--head",
            default="",
            metavar="HASH",
            help="a hash that this command or an export gave earlier: it must be in the chain (with --agency)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["head"] and not options["agency"]:
            raise CommandError("--head belongs to one chain: say whose with --agency.")
        agencies = Agency.objects.order_by("created_at", "id")
        if options["agency"]:
            agencies = agencies.filter(pk=options["agency"])
            if not agencies:
                raise CommandError("There is no agency with this id.")
        broken = [agency for agency in agencies if not self._holds(agency, options["head"].strip().lower())]
        if broken:
            raise CommandError(
                f"{len(broken)} of {len(agencies)} audit chains {'is' if len(broken) == 1 else 'are'} broken."
            )

    def _holds(self, agency: Agency, head: str) -> bool:
        begun = time.perf_counter()
        with tenant(agency.pk, read_only=True):
            verdict = verify(by=system(agency.pk), head=head)
        self._tell(agency, verdict, time.perf_counter() - begun)
        return verdict.flaw is None

    def _tell(self, agency: Agency, verdict: Verdict, seconds: float) -> None:
        speed = f"{seconds:.1f} s, {verdict.entries / seconds:,.0f} a second"
        self.stdout.write(f"{agency.name} ({agency.pk})")
        if verdict.flaw is None:
            self.stdout.write(
                f"  {verdict.entries:,} entries hold ({verdict.erased:,} with erased text); {speed}."
            )
            self.stdout.write(f"  Head: {verdict.seq} {verdict.hash}")
            return
        self.stdout.write(self.style.ERROR(f"  BROKEN. {verdict.flaw.sentence}"))
        if verdict.flaw.entry_id:
            self.stdout.write(f"  The entry's id is {verdict.flaw.entry_id}.")
        self.stdout.write(f"  Before it {verdict.entries:,} entries hold, up to {verdict.seq} {verdict.hash}")

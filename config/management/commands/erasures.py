"""List what was erased, in ids, to be done again after an older backup was restored."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand
from django.utils.dateparse import parse_date

from agency.models import Agency, Erasure
from agency.tenancy import tenant
from mentions.models import ForgottenAuthor


class Command(BaseCommand):
    help = (
        "List the erasures of authors and clients, one JSON object a line, ids only. Keep the list outside of the database "
        "and its backups: replay_erasures does them again on a restored one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", default="1970-01-01", help="a date, such as 2026-03-06")

    def handle(self, *args: Any, **options: Any) -> None:
        since = parse_date(options["since"])
        for agency in Agency.objects.order_by("id"):
            with tenant(agency.pk, read_only=True):
                done = Erasure.objects.exclude(kind=Erasure.Kind.AGENCY).filter(asked_at__date__gte=since)
                blocks = {block.erasure_id: block for block in ForgottenAuthor.objects.all()}
                for erasure in done.order_by("id"):
                    block = blocks.get(erasure.pk)
                    line = {
                        "agency": agency.pk,
                        "kind": erasure.kind,
                        "id": erasure.about_id,
                        "platform": block.platform if block else "",
                        "digest": block.digest if block else "",
                    }
                    self.stdout.write(orjson.dumps(line).decode())

"""Ring for alarms at the moment they are due."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config import sweeper
from config.guard import refuse_to_serve_unsafely


class Command(BaseCommand):
    help = (
        "Ring for alarms at the moment they are due. One is enough, more share the work; without any, alarms wait "
        "for the next tick of beat. SIGTERM finishes the batch that has begun."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_to_serve_unsafely()
        sweeper.run(settings.LISTEN_URL)

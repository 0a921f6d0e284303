from django.apps import AppConfig
from django.db.backends.signals import connection_created

from config.guard import on_connection


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Earshot"

    def ready(self) -> None:
        from config import checks  # noqa: F401, PLC0415  (registers itself)

        connection_created.connect(on_connection, dispatch_uid="earshot.role")

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from config import checks  # noqa: F401  (registers itself)
from config.guard import on_connection


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Earshot"

    def ready(self) -> None:
        connection_created.connect(on_connection, dispatch_uid="earshot.role")

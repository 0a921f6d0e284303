from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The handlers of alarms and notices register themselves where they are defined; every process needs them all.
        from clients import event_types, notices  # noqa: F401, PLC0415
        from clients.actions import calendar_upkeep  # noqa: F401, PLC0415

        notices.register()

from django.apps import AppConfig


class AgencyConfig(AppConfig):
    name = "agency"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The handlers of alarms and notices register themselves where they are defined; every process needs them all.
        from agency import notices, sealed_elsewhere, tasks  # noqa: PLC0415
        from agency.actions.webhooks import endpoints, replays  # noqa: PLC0415

        notices.register()
        sealed_elsewhere.register()
        _ = tasks, endpoints, replays

from django.apps import AppConfig


class MentionsConfig(AppConfig):
    name = "mentions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The handlers of their alarms register themselves where they are defined; every process that sweeps needs them.
        from mentions import event_types  # noqa: F401, PLC0415
        from mentions.actions import describing, search  # noqa: F401, PLC0415

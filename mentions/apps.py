from django.apps import AppConfig


class MentionsConfig(AppConfig):
    name = "mentions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The handler of its alarm registers itself where it is defined; every process that sweeps needs it.
        from mentions.actions import search  # noqa: F401, PLC0415

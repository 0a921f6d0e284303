from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The handlers of alarms and notices register themselves where they are defined; every process needs them all.
        from workflows import notices, owner_notices, tasks  # noqa: PLC0415
        from workflows.actions import clocks, decisions, housekeeping, idle, retention  # noqa: F401, PLC0415

        notices.register()
        owner_notices.register()
        tasks.__name__  # noqa: B018

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The handlers of alarms and notices register themselves where they are defined; every process needs them all.
        from workflows import (  # noqa: PLC0415
            conversation_notices,
            escalation_notices,
            event_types,  # noqa: F401
            excuse_notices,
            notices,
            owner_notices,
            tasks,
        )
        from workflows.actions import (  # noqa: PLC0415
            climbing,  # noqa: F401
            decisions,  # noqa: F401
            firing,  # noqa: F401
            handover,  # noqa: F401
            housekeeping,  # noqa: F401
            idle,  # noqa: F401
            promises,  # noqa: F401
            retention,  # noqa: F401
            stepping,  # noqa: F401
        )

        conversation_notices.register()
        excuse_notices.register()
        escalation_notices.register()
        notices.register()
        owner_notices.register()
        tasks.__name__  # noqa: B018

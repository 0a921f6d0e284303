from agency.tasks.deliver import deliver_notice
from agency.tasks.sweep import sweep_alarms
from agency.tasks.webhooks import deliver_webhook

__all__ = ["deliver_notice", "deliver_webhook", "sweep_alarms"]

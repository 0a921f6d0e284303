from agency.tasks.deliver import deliver_notice
from agency.tasks.sweep import sweep_alarms

__all__ = ["deliver_notice", "sweep_alarms"]

from workflows.tasks.collect import collect_source
from workflows.tasks.publish import publish_reply

__all__ = ["collect_source", "publish_reply"]

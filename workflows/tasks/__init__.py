from workflows.tasks.collect import collect_source
from workflows.tasks.data import erase_data, make_export
from workflows.tasks.publish import publish_reply

__all__ = ["collect_source", "erase_data", "make_export", "publish_reply"]

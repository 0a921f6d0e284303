"""Every door of Earshot: the code's own list (`config/doors.py`), as the contracts walk it."""

from config.doors import OPEN, Door, guarded, is_open, routes

__all__ = ["OPEN", "Door", "guarded", "is_open", "routes"]

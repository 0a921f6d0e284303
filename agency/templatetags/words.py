"""The words for states, priorities, clocks, platforms, owners of time and lengths of time.

No tag library: `earshot` beside it reads these, and so may anything that writes to people.
"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# key: (label, icon). The icon's shape tells states and priorities apart without their colour.
STATES = {
    "new": (gettext_lazy("New"), "state-new"),
    "claimed": (gettext_lazy("Claimed"), "state-claimed"),
    "awaiting_client": (gettext_lazy("Awaiting client"), "state-awaiting"),
    "approved": (gettext_lazy("Approved"), "state-approved"),
    "responded": (gettext_lazy("Responded"), "state-responded"),
    "dismissed": (gettext_lazy("Dismissed"), "state-dismissed"),
}
PRIORITIES = {
    "urgent": (gettext_lazy("Urgent"), "priority-urgent"),
    "high": (gettext_lazy("High"), "priority-high"),
    "normal": (gettext_lazy("Normal"), "priority-normal"),
    "low": (gettext_lazy("Low"), "priority-low"),
}
CLOCKS = {
    "claim": gettext_lazy("Claim"),
    "respond": gettext_lazy("Respond"),
    "decide": gettext_lazy("Client decides"),
    "publish": gettext_lazy("Publish"),
    "next_response": gettext_lazy("Respond again"),
}
PLATFORMS = {
    "feed": gettext_lazy("Feed"),
    "rss": gettext_lazy("RSS"),
    "hackernews": gettext_lazy("Hacker News"),
    "hacker_news": gettext_lazy("Hacker News"),
    "bluesky": gettext_lazy("Bluesky"),
    "mastodon": gettext_lazy("Mastodon"),
    "reddit": gettext_lazy("Reddit"),
    "mailbox": gettext_lazy("Mailbox"),
    "push": gettext_lazy("Push endpoint"),
    "loopback": gettext_lazy("Demo forum"),
}
# Whose time, in the order in which the bar is drawn.
OWNERS = {
    "undetected": gettext_lazy("Not yet seen"),
    "agency_on": gettext_lazy("Us"),
    "client_on": gettext_lazy("Client"),
    "agency_off": gettext_lazy("Us, after hours"),
    "client_off": gettext_lazy("Client, after hours"),
    "platform": gettext_lazy("Platform"),
    "routed": gettext_lazy("Routed"),
}


def units(value: timedelta) -> list[str]:
    """The length rounded down to at most two units, largest first: ["3 h", "12 min"].

    Seconds only stand below a minute; the sign is left out.
    """
    total = abs(int(value.total_seconds()))
    if total < 60:
        return [_("{} s").format(total)]
    minutes, hours, days = total // 60 % 60, total // 3600 % 24, total // 86400
    if days:
        counted = [(days, _("{} d")), (hours, _("{} h"))]
    else:
        counted = [(hours, _("{} h")), (minutes, _("{} min"))]
    return [pattern.format(count) for count, pattern in counted if count]


def duration(value: timedelta) -> str:
    """The length as people say it: "3 h 12 min"."""
    return " ".join(units(value))

"""What every template of the staff's finds, taken from what the page left on its request: no queries."""

from typing import Any

from django.http import HttpRequest

from agency.web.house import House


def house(request: HttpRequest) -> dict[str, Any]:
    """Nothing on pages without a staff member: sign-in, approvals, errors."""
    found: House | None = getattr(request, "house", None)
    if found is None:
        return {}
    return {
        "agency": found.agency,
        "member": found.member,
        "other_agencies": found.others,
        "nav": found.nav,
        "hidden_nav": found.hidden,
        "now": found.now,
    }

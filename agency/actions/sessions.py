"""Ending sessions: from one's own account, and where a person lost their place, password or second factor."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from agency.models import User


def end_sessions(user: User, *, but: str | None = None, only: str | None = None) -> int:
    """End all sessions of a person, `but` or `only` the one with this key. The next request is asked to sign in.

    Returns:
        How many there were.
    """
    rows = UserSession.objects.filter(user=user)
    if but is not None:
        rows = rows.exclude(session_key=but)
    if only is not None:
        rows = rows.filter(session_key=only)
    return _end(list(rows.values_list("pk", "session_key")))


def end_session(user: User, session_id: int) -> bool:
    """End one of one's own; False: there is none such."""
    return bool(
        _end(list(UserSession.objects.filter(user=user, pk=session_id).values_list("pk", "session_key")))
    )


def _end(found: list[tuple[int, str]]) -> int:
    Session.objects.filter(session_key__in=[key for _, key in found]).delete()
    UserSession.objects.filter(pk__in=[pk for pk, _ in found]).delete()
    return len(found)

"""Where a request comes from."""

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The peer's network address. Forwarded headers are the web server's business (granian's trusted hosts), not ours."""
    return str(request.META.get("REMOTE_ADDR") or "")[:45]

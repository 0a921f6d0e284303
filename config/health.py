"""Whether this process lives, and whether it can work."""

from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpRequest, JsonResponse
from redis import Redis, RedisError


def healthz(request: HttpRequest) -> JsonResponse:
    """It answers, so it lives."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Reaches the database and the broker, or says which not (503)."""
    parts = {"database": _database(), "broker": _broker()}
    ready = all(parts.values())
    return JsonResponse({"status": "ok" if ready else "not ready", **parts}, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return False
    return True


def _broker() -> bool:
    if not settings.REDIS_URL:
        return False
    try:
        Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()
    except RedisError:
        return False
    return True

"""The cache: what it holds may be lost, so losing the whole of it must not stop anybody from working."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger("earshot.cache")


class ForgivingRedisCache(RedisCache):
    """Answers as an empty cache does while Redis is away; `add` says that it was the first, so that nobody waits.

    So nothing that must hold may depend on it: guesses at passwords and used codes are rows in the database.
    """

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        return bool(self._try(True, super().add, key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._try(default, super().get, key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        self._try(None, super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        return bool(self._try(False, super().touch, key, timeout, version))

    def delete(self, key: Any, version: Any = None) -> bool:
        return bool(self._try(False, super().delete, key, version))

    def get_many(self, keys: Any, version: Any = None) -> dict[Any, Any]:
        return dict(self._try({}, super().get_many, keys, version))

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> list[Any]:
        return list(self._try([], super().set_many, data, timeout, version))

    def has_key(self, key: Any, version: Any = None) -> bool:
        return bool(self._try(False, super().has_key, key, version))

    def _try(self, otherwise: Any, ask: Callable[..., Any], *args: Any) -> Any:
        try:
            return ask(*args)
        except RedisError as error:
            log.warning("cache away", error=type(error).__name__)
            return otherwise

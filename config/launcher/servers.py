"""Servers that somebody else runs: whether their addresses are whole, and whether they answer."""

from collections.abc import Mapping

import psycopg
import redis

from config.launcher.errors import LauncherError

DATABASES = ("DATABASE_URL", "MIGRATE_DATABASE_URL")


def check_pair(environ: Mapping[str, str]) -> None:
    """Raises LauncherError when only one of the two database addresses is set."""
    given = [name for name in DATABASES if environ.get(name)]
    if len(given) == 1:
        (missing,) = set(DATABASES) - set(given)
        raise LauncherError(
            f"{given[0]} is set and {missing} isn't. Set both (the role that works, and the role "
            "that owns the tables; `python -m config.launcher.roles` makes them and prints both), "
            "or neither for an embedded server."
        )


def check_servers(environ: Mapping[str, str]) -> None:
    """Raises LauncherError when a server whose address is set doesn't let us in."""
    for name in DATABASES:
        if environ.get(name):
            _check_database(name, environ[name])
    if environ.get("REDIS_URL"):
        _check_redis(environ["REDIS_URL"])


def _check_database(name: str, url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error as error:
        raise LauncherError(
            f"The database of {name} doesn't let us in: {' '.join(str(error).split())}"
        ) from error


def _check_redis(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=10) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise LauncherError(f"The server of REDIS_URL doesn't let us in: {error}") from error

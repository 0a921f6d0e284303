"""The suite's own PostgreSQL and Valkey, started once by the process that runs the suite."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from config.launcher import roles
from config.launcher.account import service_account
from config.launcher.child import Child
from config.launcher.embedded import Embedded
from config.launcher.folder import Secrets, prepare


@dataclass(frozen=True)
class Servers:
    """Addresses as the application takes them. The owner may make databases here, and only here."""

    database_url: str
    migrate_database_url: str
    superuser_url: str
    redis_url: str
    folder: Path
    children: tuple[Child, ...]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "MIGRATE_DATABASE_URL": self.migrate_database_url,
            "REDIS_URL": self.redis_url,
        }

    def stop(self) -> None:
        for child in reversed(self.children):
            child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(folder: Path | None = None) -> Servers:
    """Start both in a folder that is theirs alone; `stop` removes it. Call it from the main thread.

    The servers end with this process, even if it is killed.

    Raises:
        LauncherError: a server doesn't start.
    """
    folder = folder or Path(tempfile.mkdtemp(prefix="earshot-tests-"))
    secrets = Secrets()
    embedded = Embedded(prepare(folder, service_account()), secrets, durable=False)
    postgres, first = embedded.postgres()
    valkey, second = embedded.valkey()
    addresses = embedded.roles(postgres, owner_makes_databases=True)
    return Servers(
        database_url=addresses.database_url,
        migrate_database_url=addresses.migrate_database_url,
        superuser_url=postgres.dsn(),
        redis_url=valkey.url,
        folder=folder,
        children=(first, second),
    )


def create_database(owner_dsn: str, name: str, template: str | None = None) -> None:
    """Make a database of the owner's for the working role to use, empty or a copy of `template`."""
    with psycopg.connect(owner_dsn, autocommit=True) as server:
        copied = sql.SQL("TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        server.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), copied))
    with psycopg.connect(at(owner_dsn, name), autocommit=True) as inside:
        roles.open_database(inside)


def drop_database(owner_dsn: str, name: str) -> None:
    """Remove a database if it is there, whoever is still connected to it."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    deadline = time.monotonic() + 20
    with psycopg.connect(owner_dsn, autocommit=True) as server:
        while True:
            try:
                server.execute(drop)
            except psycopg.errors.InsufficientPrivilege:
                # The server itself is cleaning up in there (autovacuum), which nobody but a superuser may stop.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return


def at(dsn: str, database: str) -> str:
    """The same address for another database of the server."""
    parts = conninfo_to_dict(dsn)
    return roles.address(dsn, user=str(parts["user"]), password=str(parts["password"]), database=database)

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.launcher import roles
from config.launcher.account import service_account
from config.launcher.embedded import Embedded
from config.launcher.errors import LauncherError
from config.launcher.folder import prepare, read_secrets
from tests import servers
from tests.servers import Servers


@pytest.fixture(scope="module")
def own() -> Iterator[Servers]:
    """Servers of this module's own, because it breaks what the suite's have to keep."""
    started = servers.start()
    yield started
    started.stop()


def test_the_working_role_is_held_by_row_security_and_owns_nothing(own: Servers) -> None:
    with psycopg.connect(own.database_url, autocommit=True) as inside:
        found = inside.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert found == ("earshot_app", False, False, False, False)
        for forbidden in ("CREATE TABLE mine (id int)", "CREATE TEMP TABLE mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                inside.execute(forbidden)


def test_what_the_owner_makes_the_working_role_may_use_but_not_change(own: Servers) -> None:
    with psycopg.connect(own.migrate_database_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE note (id int GENERATED ALWAYS AS IDENTITY, text text)")
        owner.execute("CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'")
    with psycopg.connect(own.database_url, autocommit=True) as inside:
        inside.execute("INSERT INTO note (text) VALUES ('heard')")
        assert inside.execute("SELECT text, two() FROM note").fetchone() == ("heard", 2)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            inside.execute("ALTER TABLE note ADD COLUMN more int")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            inside.execute("TRUNCATE note")


def test_making_the_roles_again_puts_right_what_differs(own: Servers) -> None:
    with psycopg.connect(own.superuser_url, autocommit=True) as server:
        server.execute("ALTER ROLE earshot_app BYPASSRLS CREATEDB")
    for _ in range(2):
        found = roles.ensure_roles(
            own.superuser_url,
            owner_password=None,
            app_password="new words",
            owner_makes_databases=True,
        )
    assert ":new%20words@" in found.database_url
    assert ":PASSWORD@" in found.migrate_database_url
    with psycopg.connect(found.database_url) as inside:
        kept = inside.execute(
            "SELECT rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert kept == (False, False)
    roles.ensure_roles(
        own.superuser_url,
        owner_password=None,
        app_password=str(psycopg.conninfo.conninfo_to_dict(own.database_url)["password"]),
        owner_makes_databases=True,
    )


def test_a_working_role_that_belongs_to_the_owner_is_refused(own: Servers) -> None:
    with psycopg.connect(own.superuser_url, autocommit=True) as server:
        server.execute("GRANT earshot_owner TO earshot_app")
        with pytest.raises(LauncherError, match="REVOKE earshot_owner FROM earshot_app"):
            roles.ensure_roles(
                own.superuser_url,
                owner_password=None,
                app_password=None,
                owner_makes_databases=True,
            )
        server.execute("REVOKE earshot_owner FROM earshot_app")


def test_a_copy_of_a_database_is_as_closed_as_the_first(own: Servers) -> None:
    servers.create_database(own.migrate_database_url, "first")
    with psycopg.connect(servers.at(own.migrate_database_url, "first"), autocommit=True) as owner:
        owner.execute("CREATE TABLE kept (id int)")
    servers.create_database(own.migrate_database_url, "second", template="first")
    with psycopg.connect(servers.at(own.database_url, "second"), autocommit=True) as inside:
        inside.execute("INSERT INTO kept VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            inside.execute("CREATE TEMP TABLE mine (id int)")
    servers.drop_database(own.migrate_database_url, "second")
    servers.drop_database(own.migrate_database_url, "second")


def test_both_servers_ask_for_a_password(own: Servers) -> None:
    for url in (own.database_url, own.superuser_url):
        guessed = psycopg.conninfo.make_conninfo(url, password="guessed")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(guessed)
    with redis.Redis.from_url(own.redis_url.replace("://:", "://:guessed")) as client:
        with pytest.raises(redis.AuthenticationError):
            client.ping()


def test_data_outlives_a_server_that_was_killed_and_a_process_that_took_its_number() -> None:
    with tempfile.TemporaryDirectory() as path:
        folder = prepare(Path(path), service_account())
        embedded = Embedded(folder, read_secrets(folder))
        server, child = embedded.postgres()
        with psycopg.connect(server.dsn(), autocommit=True) as inside:
            inside.execute("CREATE TABLE kept AS SELECT 1 AS id")
        os.kill(child.pid, signal.SIGKILL)
        child.process.wait()
        status = folder.path / "postgres" / "postmaster.pid"
        lines = status.read_text().splitlines()
        status.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        again, second = embedded.postgres()
        try:
            with psycopg.connect(again.dsn()) as inside:
                assert inside.execute("SELECT id FROM kept").fetchone() == (1,)
        finally:
            second.stop()
        assert second.poll() == 0


def test_a_server_that_does_not_start_shows_the_end_of_its_log() -> None:
    with tempfile.TemporaryDirectory() as path:
        folder = prepare(Path(path), service_account())
        embedded = Embedded(folder, read_secrets(folder), durable=False)
        embedded.postgres()[1].stop()
        (folder.path / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
        started = time.monotonic()
        with pytest.raises(LauncherError, match=r"PostgreSQL doesn't start.*\n.*no_such_setting"):
            embedded.postgres()
        assert time.monotonic() - started < 5.0


def test_valkey_starts_empty_where_its_files_are_broken() -> None:
    said: list[str] = []
    with tempfile.TemporaryDirectory() as path:
        folder = prepare(Path(path), service_account())
        embedded = Embedded(folder, read_secrets(folder), say=said.append)
        server, child = embedded.valkey()
        with redis.Redis.from_url(server.url) as client:
            client.set("rung", 1)
        child.stop()
        for file in (folder.path / "valkey" / "appendonlydir").iterdir():
            file.write_bytes(b"rubbish\n")
        again, second = embedded.valkey()
        with redis.Redis.from_url(again.url) as client:
            assert client.get("rung") is None
        second.stop()
    assert "starts empty" in said[0]

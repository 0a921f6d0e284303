"""The two database roles: one owns and migrates, the other only works.

On a server of your own, `python -m config.launcher.roles --superuser-url postgresql://…` makes the
roles and the database, and prints the addresses to set. Run again, it changes what isn't right.
"""

import argparse
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.launcher.errors import LauncherError

OWNER = "earshot_owner"
APP = "earshot_app"
DATABASE = "earshot"
UNKNOWN = "PASSWORD"

# As `pg_roles` has them; WORDS names them.
Attributes = tuple[bool, bool, bool, bool, bool]
WORDS = ("LOGIN", "SUPERUSER", "BYPASSRLS", "CREATEDB", "CREATEROLE")


@dataclass(frozen=True)
class Addresses:
    """What to set as DATABASE_URL and MIGRATE_DATABASE_URL."""

    database_url: str
    migrate_database_url: str


def ensure_roles(
    superuser_dsn: str,
    *,
    owner_password: str | None,
    app_password: str | None,
    database: str = DATABASE,
    owner_makes_databases: bool = False,
) -> Addresses:
    """Make the roles and the database, or put right what differs.

    A password of None leaves the password as it is; the address then says PASSWORD in its place.

    Raises:
        LauncherError: the server can't be reached or refuses, or APP is a member of OWNER.
    """
    try:
        with psycopg.connect(superuser_dsn, autocommit=True, connect_timeout=10) as server:
            _ensure_role(server, OWNER, owner_password, (True, False, False, owner_makes_databases, False))
            _ensure_role(server, APP, app_password, (True, False, False, False, False))
            _refuse_membership(server)
            _ensure_database(server, database)
        with psycopg.connect(make_conninfo(superuser_dsn, dbname=database), autocommit=True) as inside:
            open_database(inside)
    except psycopg.Error as error:
        raise LauncherError(f"The database's roles can't be made: {str(error).strip()}") from error
    return Addresses(
        database_url=address(superuser_dsn, user=APP, password=app_password, database=database),
        migrate_database_url=address(superuser_dsn, user=OWNER, password=owner_password, database=database),
    )


def open_database(inside: psycopg.Connection) -> None:
    """Let the working role use what the owner will make in the database of this connection.

    For a superuser or the owner, on an autocommit connection. Tables that exist already keep their
    grants, because a migration may have narrowed them.
    """
    for statement in database_statements(inside.info.dbname):
        inside.execute(statement)


def database_statements(database: str) -> list[sql.Composed]:
    names = {
        "db": sql.Identifier(database),
        "owner": sql.Identifier(OWNER),
        "app": sql.Identifier(APP),
    }
    by_owner, within = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner}", "IN SCHEMA public"
    return [
        sql.SQL(text).format(**names)
        for text in (
            "REVOKE ALL ON DATABASE {db} FROM PUBLIC",
            "GRANT CONNECT ON DATABASE {db} TO {app}",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            "GRANT ALL ON SCHEMA public TO {owner}",
            "GRANT USAGE ON SCHEMA public TO {app}",
            f"{by_owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            f"{by_owner} {within} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {{app}}",
            f"{by_owner} {within} GRANT USAGE, SELECT ON SEQUENCES TO {{app}}",
            f"{by_owner} {within} GRANT EXECUTE ON FUNCTIONS TO {{app}}",
        )
    ]


def address(superuser_dsn: str, *, user: str, password: str | None, database: str) -> str:
    """The same server for another user, as a URL."""
    parts = {name: str(value) for name, value in conninfo_to_dict(superuser_dsn).items() if value is not None}
    host, port = parts.pop("host", "localhost"), parts.pop("port", "5432")
    for name in ("user", "password", "dbname", "connect_timeout"):
        parts.pop(name, None)
    if host.startswith("/"):  # A folder of a socket has no place in the host part.
        parts["host"], host = host, ""
    where = f"[{host}]" if ":" in host else host
    rest = f"?{urlencode(parts)}" if parts else ""
    return f"postgresql://{user}:{quote(password or UNKNOWN, safe='')}@{where}:{port}/{database}{rest}"


def _ensure_role(server: psycopg.Connection, name: str, password: str | None, wanted: Attributes) -> None:
    found = server.execute(
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole"
        " FROM pg_roles WHERE rolname = %s",
        (name,),
    ).fetchone()
    role = sql.Identifier(name)
    if found is None:
        words = [word if want else f"NO{word}" for word, want in zip(WORDS, wanted, strict=True)]
        server.execute(sql.SQL("CREATE ROLE {} {}").format(role, sql.SQL(" ").join(map(sql.SQL, words))))
    else:
        # Only what differs: without being a superuser one may not even repeat the rest.
        for word, want, has in zip(WORDS, wanted, found, strict=True):
            if want != has:
                server.execute(
                    sql.SQL("ALTER ROLE {} {}").format(role, sql.SQL(word if want else f"NO{word}"))
                )
    if password is not None:
        # As its hash, so that the password itself is in no log of the server.
        kept = server.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        server.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(kept)))


def _refuse_membership(server: psycopg.Connection) -> None:
    found = server.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", (APP, OWNER)).fetchone()
    if found and found[0]:
        raise LauncherError(
            f"The role {APP} is a member of {OWNER}, so nothing would hold it back. "
            f"REVOKE {OWNER} FROM {APP} first."
        )


def _ensure_database(server: psycopg.Connection, database: str) -> None:
    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    found = server.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (database,)
    ).fetchone()
    if found and found[0] == OWNER:
        return
    member = server.execute("SELECT pg_has_role(%s, 'MEMBER')", (OWNER,)).fetchone()
    if not (member and member[0]):  # An administrator who is no superuser must belong to whom it gives to.
        server.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    if found:
        server.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))
    else:
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8'").format(name, owner))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m config.launcher.roles", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--superuser-url", required=True, help="who may make roles and databases: postgresql://…"
    )
    parser.add_argument(
        "--database", default=DATABASE, help="the name of the database (default: %(default)s)"
    )
    parser.add_argument(
        "--new-passwords", action="store_true", help="give roles that exist new passwords too"
    )
    parser.add_argument(
        "--print", action="store_true", help="only print SQL for psql, for somebody else to run"
    )
    options = parser.parse_args(arguments)
    try:
        addresses = _print_sql(options) if options.print else _make(options)
    except (LauncherError, psycopg.Error) as error:
        print(str(error).strip(), file=sys.stderr)
        return 1
    print(f"DATABASE_URL={addresses.database_url}\nMIGRATE_DATABASE_URL={addresses.migrate_database_url}")
    return 0


def _make(options: argparse.Namespace) -> Addresses:
    with psycopg.connect(options.superuser_url, autocommit=True, connect_timeout=10) as server:
        rows = server.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", ([OWNER, APP],)
        ).fetchall()
    known = set() if options.new_passwords else {name for (name,) in rows}
    if known:
        print("# Roles that were there keep their passwords; --new-passwords changes them.")
    return ensure_roles(
        options.superuser_url,
        owner_password=None if OWNER in known else secrets.token_urlsafe(24),
        app_password=None if APP in known else secrets.token_urlsafe(24),
        database=options.database,
    )


def _print_sql(options: argparse.Namespace) -> Addresses:
    """SQL for a server without the roles; its passwords are in it, so it's for one pair of eyes."""
    passwords = {OWNER: secrets.token_urlsafe(24), APP: secrets.token_urlsafe(24)}
    database = sql.Identifier(options.database)
    lines = [
        sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(name), sql.Literal(password)
        )
        for name, password in passwords.items()
    ]
    owner = sql.Identifier(OWNER)
    lines.append(sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8'").format(database, owner))
    lines.append(sql.SQL("\\connect {}").format(database))
    lines += database_statements(options.database)
    for line in lines:
        text = line.as_string()
        print(text if text.startswith("\\") else f"{text};")
    print()
    app, owns = (
        address(options.superuser_url, user=name, password=passwords[name], database=options.database)
        for name in (APP, OWNER)
    )
    return Addresses(database_url=app, migrate_database_url=owns)


if __name__ == "__main__":
    sys.exit(main())

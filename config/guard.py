"""What must be true before a process serves anybody."""

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from agency.vault import BadVaultKey, key_ring

_ROLE = """
SELECT current_user, rolsuper, rolbypassrls, EXISTS (
    SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm') AND pg_has_role(current_user, c.relowner, 'USAGE'))
  FROM pg_roles WHERE rolname = current_user
"""


class PowerfulRole(ImproperlyConfigured):
    """The working role could see past row security."""


def refuse_powerful_role(connection: BaseDatabaseWrapper) -> None:
    """Raises: PowerfulRole, when row security wouldn't bind the role that this connection works as."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLE)
        role, superuser, bypasses, owns = cursor.fetchone()
    reasons = [
        reason
        for holds, reason in (
            (superuser, "is a superuser"),
            (bypasses, "bypasses row security"),
            (owns, "owns tables"),
        )
        if holds
    ]
    if reasons:
        raise PowerfulRole(
            f"The database role “{role}” {' and '.join(reasons)}, so agencies could see each other's data."
            " Set DATABASE_URL to the role earshot_app (python -m config.launcher.roles makes it)."
        )


def on_connection(sender: Any, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Check each new connection, whatever opened it; the owner's own, for migrations, is another alias."""
    if connection.alias == "default":
        refuse_powerful_role(connection)


def refuse_to_serve_unsafely() -> None:
    """Ends the process with a sentence, where it would serve without a key, with a broken one, or as a powerful role.

    A database that can't be reached is no reason: it may come back, and /readyz tells.
    """
    if not settings.SECRET_KEY_IS_SET:
        sys.exit(
            "SECRET_KEY isn't set. Set it to a long random text and keep it: sessions and links depend on it."
        )
    try:
        key_ring()
    except BadVaultKey as error:
        sys.exit(str(error))
    try:
        connection.ensure_connection()
    except PowerfulRole as error:
        sys.exit(str(error))
    except OperationalError:
        return
    connection.close()

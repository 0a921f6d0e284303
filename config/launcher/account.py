"""Who the embedded servers run as, and whether that user can get where it must."""

import os
import pwd
import shutil
import stat
import subprocess
import time
from pathlib import Path

from config.launcher.child import Account
from config.launcher.errors import LauncherError

NAME = "earshot"


def service_account() -> Account | None:
    """The system user of the embedded servers, made if need be; None where we aren't root.

    PostgreSQL refuses to run as root.

    Raises:
        LauncherError: the user is missing and can't be made.
    """
    if os.geteuid() != 0:
        return None
    account = _find()
    if account:
        return account
    problem = _make()
    # Another launcher may be making the same user at this moment.
    for _ in range(20):
        account = _find()
        if account:
            return account
        time.sleep(0.1)
    raise LauncherError(
        f"PostgreSQL doesn't run as root, and the system user “{NAME}” can't be made: {problem} "
        f"Make it (useradd --system {NAME}), or run this as an ordinary user."
    )


def _find() -> Account | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(name=NAME, uid=entry.pw_uid, gid=entry.pw_gid)


def _make() -> str:
    """Make the user; what went wrong, if anything did."""
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not useradd:
        return "there is no useradd here."
    options = ("--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent")
    made = subprocess.run(
        [useradd, *options, "--shell", "/usr/sbin/nologin", NAME],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return made.stderr.strip()


def closed_to(account: Account | None, path: Path) -> Path | None:
    """The first folder on the way to `path`, itself included, that the account can't enter."""
    if account is None:
        return None
    for folder in [*reversed(path.resolve().parents), path.resolve()]:
        found = folder.stat()
        if found.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return folder
    return None


def give(path: Path, account: Account | None) -> None:
    """Make the account the owner of the path."""
    if account:
        os.chown(path, account.uid, account.gid)

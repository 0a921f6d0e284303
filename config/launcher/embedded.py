"""The embedded servers together: whichever of them is asked for, as one installation keeps them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from config.launcher import roles
from config.launcher.account import service_account
from config.launcher.binaries import reachable_programs
from config.launcher.child import Child, Pause
from config.launcher.folder import DataFolder, Secrets
from config.launcher.logs import Log
from config.launcher.postgres import Postgres
from config.launcher.valkey import Valkey

Say = Callable[[str], None]


@dataclass(frozen=True)
class Embedded:
    """Starts servers in a data folder. `durable` off keeps nothing safe from a crash: for tests."""

    folder: DataFolder
    secrets: Secrets
    durable: bool = True
    say: Say = print
    pause: Pause = time.sleep

    def postgres(self) -> tuple[Postgres, Child]:
        """Raises LauncherError when it doesn't start."""
        account = service_account()
        server = Postgres(
            folder=self.folder.path,
            log=Log(self.folder.log / "postgres.log"),
            programs=reachable_programs(self.folder.path, account),
            password=self.secrets.postgres,
            account=account,
            durable=self.durable,
        )
        return server, server.start(pause=self.pause)

    def valkey(self) -> tuple[Valkey, Child]:
        """Raises LauncherError when it doesn't start."""
        account = service_account()
        server = Valkey(
            folder=self.folder.path,
            log=Log(self.folder.log / "valkey.log"),
            programs=reachable_programs(self.folder.path, account),
            password=self.secrets.valkey,
            account=account,
            durable=self.durable,
            say=self.say,
        )
        return server, server.start(pause=self.pause)

    def roles(self, server: Postgres, *, owner_makes_databases: bool = False) -> roles.Addresses:
        """The two roles and the database, with the folder's passwords."""
        return roles.ensure_roles(
            server.dsn(),
            owner_password=self.secrets.owner,
            app_password=self.secrets.app,
            owner_makes_databases=owner_makes_databases,
        )

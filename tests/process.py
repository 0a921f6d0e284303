"""What every test process begins with: servers, a database of its own, and then Django.

The first process starts PostgreSQL and Valkey and migrates a template as the owner;
every process (xdist's workers inherit the addresses) copies it and works there as the role that owns nothing.
"""

import os
import subprocess
import sys
from pathlib import Path

import django
import pytest

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "earshot_template"
_started: list[servers.Servers] = []


def begin() -> None:
    """Before Django reads its settings: called as `tests/conftest.py` is loaded, by each process once."""
    if "EARSHOT_TEST_OWNER_URL" not in os.environ:
        _start()
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    owner = os.environ["EARSHOT_TEST_OWNER_URL"]
    servers.drop_database(owner, name)
    servers.create_database(owner, name, template=TEMPLATE)
    os.environ["DATABASE_URL"] = servers.at(os.environ["EARSHOT_TEST_APP_URL"], name)
    os.environ["EARSHOT_TEST_OWN_URL"] = servers.at(owner, name)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    # A worker that inherited it would have its settings read before its own database's address is set here.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def end() -> None:
    """The process that started the servers stops them."""
    while _started:
        _started.pop().stop()


def _start() -> None:
    running = servers.start()
    _started.append(running)
    owner = running.migrate_database_url
    servers.create_database(owner, TEMPLATE)
    os.environ |= {
        "SECRET_KEY": "the-tests-own-key",
        "EARSHOT_TEST_OWNER_URL": owner,
        "EARSHOT_TEST_APP_URL": running.database_url,
        "EARSHOT_TEST_SUPERUSER": running.superuser_url,
        "REDIS_URL": running.redis_url,
        "EARSHOT_ALLOW_LOOPBACK": "true",
        "EARSHOT_BASE_URL": "http://127.0.0.1:8000",
        "EARSHOT_LOG_LEVEL": "ERROR",
        # The contracts knock thousands of times; what is limited is tried by tests/agency/test_rates.py.
        "EARSHOT_API_RATE": "1000000",
        "EARSHOT_API_FAILED_SIGN_INS": "1000000",
    }
    for name in ("EARSHOT_DATA_DIR", "EMAIL_URL", "MIGRATE_DATABASE_URL", "EARSHOT_DEVELOPMENT"):
        os.environ.pop(name, None)
    urls = {
        "DATABASE_URL": servers.at(running.database_url, TEMPLATE),
        "MIGRATE_DATABASE_URL": servers.at(owner, TEMPLATE),
    }
    migrate = [sys.executable, "manage.py", "migrate", "--noinput", "--verbosity", "0"]
    done = subprocess.run(
        migrate, cwd=ROOT, env={**os.environ, **urls}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise pytest.UsageError(f"The test database can't be migrated:\n{done.stdout}{done.stderr}")

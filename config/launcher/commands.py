"""The command lines of the processes; `manage.py web`, `worker` and `beat` become theirs.

`up` starts them directly: loading Django only to become another program costs a second each.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = "config.wsgi:application"
STREAM = "config.asgi:application"
CELERY = ("-m", "celery", "--quiet", "-A", "config.celery")
QUEUES = "collect,publish,deliver,webhooks,data,default"
# What `up` runs: sources and webhooks that hang fill the processes that call them, and hold up no reply and no notice.
WORKERS = {"worker": "publish,deliver,default", "collector": "collect,webhooks,data"}
# The collector's mostly wait for others' servers.
PROCESSES = {"worker": 2, "collector": 4}
# Celery means it for those who accept pickle, which can run anything; here only JSON is accepted.
NO_WORRY = ("-W", "ignore:You're running the worker with superuser privileges")


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def web(*, host: str, port: int, workers: int = 2, threads: int = 4) -> list[str]:
    """granian, chosen by measuring: a trivial application with two workers and 64 connections.

    It answered 53,000 requests a second where gunicorn's threads answered 12,000, and it ends as
    orderly: requests that have begun are finished, and idle connections don't hold it up.
    """
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host]
    command += ["--port", str(port), "--workers", str(workers), "--blocking-threads", str(threads)]
    # A worker that died is replaced at once; one that hangs is ended before the grace is over.
    command += ["--respawn-failed-workers", "--respawn-interval", "0.5"]
    return [*command, "--workers-kill-timeout", "5", APPLICATION]


def stream(*, host: str, port: int) -> list[str]:
    """One process: an open stream costs it some memory, no thread and no database connection."""
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", host, "--port", str(port)]
    # As many as are open may be under way at once; `EARSHOT_STREAMS` says how many that are.
    command += ["--workers", "1", "--backlog", "4096", "--backpressure", "100000"]
    command += ["--respawn-failed-workers", "--respawn-interval", "0.5"]
    return [*command, "--workers-kill-timeout", "5", STREAM]


def worker(*, queues: str = QUEUES, concurrency: int = 2) -> list[str]:
    """One task at a time for each process, so that a slow one holds up nobody behind it."""
    command = [sys.executable, *NO_WORRY, *CELERY, "worker", "--queues", queues]
    command += ["--concurrency", str(concurrency), "-O", "fair", "--prefetch-multiplier", "1"]
    command += ["--hostname", f"{queues.replace(',', '-')}@%h"]
    return [*command, "--without-gossip", "--without-mingle"]


def sweeper() -> list[str]:
    return manage("sweeper")


def beat(*, schedule: Path) -> list[str]:
    """`schedule` is the file that says when it rang last; losing it is harmless."""
    return [sys.executable, *CELERY, "beat", "--schedule", str(schedule)]

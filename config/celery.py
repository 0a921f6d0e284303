"""Celery: a doorbell. The truth is in PostgreSQL, and losing the broker loses nothing."""

import os
from typing import Any

import structlog
from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_init
from django.conf import settings

from config.guard import refuse_to_serve_unsafely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("earshot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["agency", "workflows"])
app.conf.beat_schedule = {
    "sweep": {
        "task": "sweep.alarms",
        "schedule": float(settings.SWEEP_SECONDS),
        # A tick that nobody took in time is worthless: the next one does the same.
        "options": {"expires": float(settings.SWEEP_SECONDS), "queue": "default"},
    },
}


@worker_init.connect
def check(**_: Any) -> None:
    refuse_to_serve_unsafely()


@task_prerun.connect
def name_task(task: Any, task_id: str = "", **_: Any) -> None:
    """Each line of the log says which task it is from, as a request's say which request."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@task_postrun.connect
def forget_task(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()

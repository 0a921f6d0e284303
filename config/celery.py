"""Celery: a doorbell. The truth is in PostgreSQL, and losing the broker loses nothing."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
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

"""The tick of beat: ring for every alarm that is due. Where a sweeper runs there is none: this is the safety net."""

from celery import shared_task

from agency import clock
from agency.actions.alarms import sweep


@shared_task(name="sweep.alarms")
def sweep_alarms() -> None:
    sweep(now=clock.now())

"""The mail to who asked for an excuse: what was decided, by whom, and why."""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Notice
from clients.words import ClockKind
from workflows.models import Excuse
from workflows.words import EXCUSE_DECIDED

_DECIDED = {Excuse.State.GRANTED: "was excused", Excuse.State.REFUSED: "was not excused"}


def _write(notice: Notice, now: datetime) -> Mail | None:
    excuse = (
        Excuse.objects.select_related("clock__mention__client", "clock__mention__post")
        .filter(pk=notice.subject_id, state__in=_DECIDED)
        .first()
    )
    if excuse is None:
        return None
    mention = excuse.clock.mention
    context = {
        "excuse": excuse,
        "granted": excuse.state == Excuse.State.GRANTED,
        "by": excuse.decided_by_name or "Somebody",
        "promise": ClockKind(excuse.clock.kind).label.lower(),
        "client": mention.client,
        "mention": mention,
        "link": settings.BASE_URL + reverse("excuse", args=[excuse.pk]),
    }
    return Mail(
        subject=f"{mention.client.name}: a broken promise {_DECIDED[Excuse.State(excuse.state)]}",
        text=render_to_string("workflows/mail/excuse_decided.txt", context),
    )


def register() -> None:
    register_notice(EXCUSE_DECIDED, NoticeKind(write=_write, title="An excuse was decided"))

"""The notices of ladders and rotas: something urgent, a clock's step, and hand-over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string

from agency.actions.notices import About, Mail, NoticeKind, make_ack_link, register_notice
from agency.models import Agency, Notice
from agency.tenancy import current_agency
from agency.text import one_line, safe_link
from clients.ladder import Whom
from clients.models import Rota
from clients.queries.ladders import plan_of
from clients.queries.rotas import Person, on_call, people, rotas_by_id
from clients.words import ClockKind, Priority
from mentions.models import Mention
from mentions.words import CLOSED
from workflows import storm_notices
from workflows.actions.climbing import lock_climbed, reached_nobody, taken
from workflows.actions.stepping import is_over
from workflows.clock import BREACH
from workflows.models import Escalation, EscalationLine
from workflows.words import CLIMB_TOLD, ON_CALL_BEGINS, ON_CALL_ENDS, STEP_TOLD

MOST_LISTED = 10
# Before it is due, and after.
_PROMISES = {
    ClockKind.CLAIM: ("Nobody has claimed it yet.", "nobody claimed it in time."),
    ClockKind.RESPOND: ("The answer is due soon.", "the answer is late."),
    ClockKind.NEXT_RESPONSE: (
        "The answer to what was said since is due soon.",
        "the answer to what was said since is late.",
    ),
    ClockKind.DECIDE: ("The client's decision is due soon.", "the client's decision is late."),
    ClockKind.PUBLISH: ("The reply should be public soon.", "the reply is not public in time."),
}


def _local(at: datetime) -> str:
    """“Fri 06 Mar, 19:04 (Europe/Riga)”: in the agency's zone, as its pages show times."""
    zone = Agency.objects.values_list("time_zone", flat=True).get(pk=current_agency())
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b, %H:%M} ({zone})"


def _escalation(notice: Notice) -> Escalation | None:
    found: Escalation | None = (
        Escalation.objects.select_related("mention__client", "mention__post__author", "clock", "ladder")
        .filter(pk=notice.subject_id)
        .first()
    )
    return found


def _address(mention: Mention) -> str:
    return f"{settings.BASE_URL}/mentions/{mention.pk}/"


def _said(mention: Mention, length: int) -> str:
    # A post that has a title begins with it, in a paragraph of its own.
    said = mention.post.text or mention.post.title
    return one_line(" · ".join(said.split("\n\n", 1)), length)


# Something urgent ---------------------------------------------------------------------------------------


def _write_climb(notice: Notice, now: datetime) -> Mail | None:
    """Nothing once somebody has it, or it is closed or no longer urgent."""
    row = _escalation(notice)
    if row is None or row.state not in {Escalation.State.WAITING, Escalation.State.DONE}:
        return None
    mention = row.mention
    if mention.state in CLOSED or mention.priority != Priority.URGENT:
        return None
    take = make_ack_link(notice, now=now)
    client, post = mention.client, mention.post
    context = {
        "client": client,
        "post": post,
        "author": post.author,
        "url": safe_link(post.url) or "",
        "published_at": _local(mention.published_at),
        "take": take,
        "link": _address(mention),
        "afterwards": _afterwards(row),
    }
    head = f"{client.name}: urgent"
    return Mail(
        subject=f"{head}: “{_said(mention, 80)}”",
        text=render_to_string("workflows/mail/climb.txt", context),
        short=f"{one_line(head, 60)}: “{_said(mention, 100)}” {take}"[:300],
    )


def _afterwards(row: Escalation) -> str:
    if row.next_at is None or plan_of(row.ladder).rung(row.rung) is None:
        return "Nobody else is told after you."
    return f"If nobody takes it by {_local(row.next_at)}, the next on the ladder are told."


def _about_climb(notice: Notice) -> About | None:
    row = _escalation(notice)
    if row is None or row.mention.state in CLOSED:
        return None
    title = f"{row.mention.client.name}: something urgent"
    return About(title, _said(row.mention, 500), _address(row.mention))


# A clock's step ------------------------------------------------------------------------------------------


def _write_step(notice: Notice, now: datetime) -> Mail | None:
    """Nothing once there is nothing left to warn of."""
    row = _escalation(notice)
    if row is None or is_over(row, row.mention) or _is_others_by_now(row, notice):
        return None
    mention, clock = row.mention, row.clock
    soon, late = _PROMISES[ClockKind(clock.kind)]
    is_late = row.step == BREACH or clock.breached_at is not None
    percent = row.step.removeprefix("warn_")
    context = {
        "sentence": f"{mention.client.name}: {late if is_late else f'{percent} % of the time is used. {soon}'}",
        "due_at": _local(clock.due_at) if clock.due_at else "",
        "post": mention.post,
        "link": _address(mention),
    }
    word = "late" if is_late else f"{percent} % used"
    subject = f"{mention.client.name}: {word}: “{_said(mention, 80)}”"
    return Mail(
        subject=subject,
        text=render_to_string("workflows/mail/clock.txt", context),
        short=f"{one_line(subject, 180)} {_address(mention)}"[:300],
    )


def _is_others_by_now(row: Escalation, notice: Notice) -> bool:
    """Whether it was meant for who has the mention, and somebody else has it since: it may have waited for a night."""
    if notice.member_id == row.mention.assignee_id:
        return False
    lines = EscalationLine.objects.filter(escalation=row, what=EscalationLine.What.NOTIFY)
    told_as = lines.filter(member_id=notice.member_id).values_list("whom", flat=True)
    return set(told_as) == {Whom.ASSIGNEE.value}


# Hand-over ---------------------------------------------------------------------------------------------


def _rota(notice: Notice) -> tuple[Rota, dict[UUID, Person]] | None:
    found = rotas_by_id([notice.subject_id])
    return (found[0], people()) if found else None


def _write_begins(notice: Notice, now: datetime) -> Mail | None:
    """Nothing once somebody else is on."""
    found = _rota(notice)
    if found is None or found[0].ended_at is not None:
        return None
    rota, known = found
    current = on_call(rota, now, known=known)
    if current.member != notice.recipient_id:
        return None
    upcoming = known.get(current.next.member) if current.next and current.next.member else None
    context = {
        **_frame(notice, rota, known),
        "until": _local(current.until),
        "next_name": upcoming.name if upcoming else "",
    }
    return Mail(
        subject=f"You are on call for {_whom(rota)}",
        text=render_to_string("workflows/mail/on_call_begins.txt", context),
        short=f"You are on call for {_whom(rota)} until {context['until']}."[:300],
    )


def _write_ends(notice: Notice, now: datetime) -> Mail | None:
    found = _rota(notice)
    if found is None:
        return None
    rota, known = found
    member = None if rota.ended_at else on_call(rota, now, known=known).member
    if member == notice.recipient_id:
        return None
    context = {**_frame(notice, rota, known), "now_name": known[member].name if member in known else ""}
    return Mail(
        subject=f"You are off call for {_whom(rota)}",
        text=render_to_string("workflows/mail/on_call_ends.txt", context),
    )


def _frame(notice: Notice, rota: Rota, known: Mapping[UUID, Person]) -> dict[str, Any]:
    reader = known.get(notice.recipient_id) if notice.recipient_id else None
    return {
        "name": notice.to_name,
        "whom": _whom(rota),
        "mentions": _urgent(rota, reader.clients if reader else frozenset()),
        "link": f"{settings.BASE_URL}/on-call/",
    }


def _whom(rota: Rota) -> str:
    return rota.client.name if rota.client else "all clients"


def _urgent(rota: Rota, clients: frozenset[UUID] | None) -> list[dict[str, str]]:
    """What is urgent and open, of the clients that the rota covers and that the reader works for (None: all)."""
    rows = Mention.objects.filter(priority=Priority.URGENT).exclude(state__in=CLOSED)
    if clients is not None:
        rows = rows.filter(client_id__in=clients)
    if rota.client_id:
        rows = rows.filter(client_id=rota.client_id)
    else:
        own = Rota.objects.filter(ended_at=None, client__isnull=False).values("client_id")
        rows = rows.exclude(client_id__in=own)
    found = rows.select_related("client", "post").order_by("urgency_at", "id")[:MOST_LISTED]
    return [
        {"client": mention.client.name, "text": _said(mention, 100), "link": _address(mention)}
        for mention in found
    ]


def register() -> None:
    register_notice(
        CLIMB_TOLD,
        NoticeKind(
            write=_write_climb,
            failed=reached_nobody,
            acknowledged=taken,
            about=_about_climb,
            lock=lock_climbed,
            title="Something urgent",
        ),
    )
    register_notice(STEP_TOLD, NoticeKind(write=_write_step, title="A promise runs out"))
    register_notice(ON_CALL_BEGINS, NoticeKind(write=_write_begins, title="On call"))
    register_notice(ON_CALL_ENDS, NoticeKind(write=_write_ends, title="Off call"))
    storm_notices.register()

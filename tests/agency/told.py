"""A kind of notice for tests, and how its notices are queued and sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from agency.actions import notice_kinds
from agency.actions.notices import (
    About,
    Mail,
    NoticeKind,
    make_ack_link,
    notify_member,
    register_notice,
    send_notice,
)
from agency.actor import Actor
from agency.ids import new_id
from agency.models import Channel, Membership, Notice
from agency.tenancy import tenant
from tests.fixtures import Clock

KIND = "test.told"


@dataclass
class Told:
    """What became of the notices of the kind `test.told`."""

    clock: Clock
    subject: UUID = field(default_factory=new_id)
    needed: bool = True
    links: list[str] = field(default_factory=list)
    sent: list[Notice] = field(default_factory=list)
    failed: list[Notice] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def write(self, notice: Notice, now: datetime) -> Mail | None:
        if not self.needed:
            return None
        link = make_ack_link(notice, now=now)
        self.links.append(link)
        return Mail("Something urgent", f"Look at it:\n{link}", short=f"Urgent: {link}")

    def handling(self) -> NoticeKind:
        return NoticeKind(
            write=self.write,
            sent=lambda notice, now: self.sent.append(notice),
            failed=lambda notice, now: self.failed.append(notice),
            acknowledged=lambda notice, by, now: self.taken.append(by.name),
            about=lambda notice: About(
                "Something urgent was said", "“The soup was cold.”", "http://x.example/"
            ),
            title="Something told",
        )

    def tell(self, actor: Actor, **more: Any) -> list[Notice]:
        with tenant(actor.agency_id):
            member = Membership.objects.select_related("user").get(pk=actor.member_id)
            given = {"kind": KIND, "subject_id": self.subject, "now": self.clock.now, **more}
            return notify_member(member, **given)

    def send(self, actor: Actor) -> list[Notice]:
        """Everything that is queued, once each; all notices, in order."""
        with tenant(actor.agency_id):
            waiting = list(Notice.objects.filter(kind=KIND, state="queued").order_by("id"))
        for notice in waiting:
            send_notice(notice.agency_id, notice.pk, clock=lambda: self.clock.now)
        return self.all(actor)

    def all(self, actor: Actor) -> list[Notice]:
        with tenant(actor.agency_id):
            rows = Notice.objects.filter(kind=KIND).prefetch_related("tries").select_related("channel")
            return list(rows.order_by("id"))

    @property
    def path(self) -> str:
        """Of the newest link."""
        return "/ack/" + self.links[-1].partition("/ack/")[2]


@contextmanager
def told_kind(clock: Clock) -> Iterator[Told]:
    told = Told(clock)
    register_notice(KIND, told.handling())
    yield told
    del notice_kinds._kinds[KIND]


def channel_of(actor: Actor) -> Channel:
    with tenant(actor.agency_id):
        found: Channel = Channel.objects.get(member_id=actor.member_id)
    return found

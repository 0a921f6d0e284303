"""A mention with a weekend in it: found on a Friday afternoon, asked about in the evening, answered on Monday.

Told by the application's own actions, each at its time, so that its clocks, its ledger and its log are real ones.

uv run python -m tests.story [NAME]     # into the demo agency of a running Earshot; prints the mention's address
"""

import os
import sys
from datetime import UTC, datetime, timedelta

import django

FRIDAY = datetime(2026, 11, 13, 14, 40, tzinfo=UTC)  # 16:40 in Riga
WEEK = {str(day): [["09:00", "17:00"]] for day in range(5)}
MONDAY_TO_THURSDAY = {str(day): [["09:00", "18:00"]] for day in range(4)} | {"4": [["09:00", "16:00"]]}
REPLY = "Hi Pauls, three times is three too many, and we're sorry. From Monday the shop opens at eight."


def at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    """So many days after that Friday, by Riga's clocks (two hours ahead of UTC in November)."""
    return FRIDAY.replace(hour=0, minute=0) + timedelta(
        days=day, hours=hour - 2, minutes=minute, seconds=second
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from agency.models import Agency, Membership  # noqa: E402
from agency.queries.people import actor_of_member  # noqa: E402
from agency.tenancy import tenant  # noqa: E402
from clients.models import Calendar, CalendarVersion, Client, Contact  # noqa: E402
from mentions.models import Mention  # noqa: E402
from tests.making import make_mention  # noqa: E402
from workflows.actions.decisions import decide, put_into_effect  # noqa: E402
from workflows.actions.excuses import ask_excuse  # noqa: E402
from workflows.actions.firing import fire_clocks  # noqa: E402
from workflows.actions.moves import claim_mention  # noqa: E402
from workflows.actions.publications import attest_reply  # noqa: E402
from workflows.actions.requests import note_delivery, request_approval  # noqa: E402
from workflows.actions.responses import draft_reply  # noqa: E402
from workflows.models import Clock  # noqa: E402


def keep_office_hours(client: Client, *, now: datetime) -> None:
    """The agency works from nine to five on weekdays, the client from nine to six but for Friday afternoons."""
    # The demo agency has hours already, but from today on only.
    Calendar.objects.filter(is_default=True).update(is_default=False)
    _calendar("Office hours", None, WEEK, now)
    client.calendar = _calendar("The shop's office", client, MONDAY_TO_THURSDAY, now)
    client.save(update_fields=["calendar"])


def _calendar(name: str, client: Client | None, week: dict[str, list[list[str]]], now: datetime) -> Calendar:
    calendar = Calendar(name=name, client=client, is_default=client is None, created_at=now)
    calendar.save(force_insert=True)
    CalendarVersion(
        calendar=calendar,
        version=1,
        effective_from=now,
        zone="Europe/Riga",
        week=week,
        created_at=now,
        created_by="Ana",
    ).save(force_insert=True)
    return calendar


def tell(
    client: Client, *, responder: Membership, approver: Contact, author: str = "Pauls Zariņš"
) -> Mention:
    """Inside the agency. In the end the client decided late, the reply is live, and Ben asked to excuse that."""
    ben = actor_of_member(responder)
    mention = make_mention(client, now=FRIDAY, author=author)
    claim_mention(mention.pk, by=ben, seen=None, now=at(0, 16, 52, 30))
    version = draft_reply(mention.pk, text=REPLY, by=ben, seen=None, now=at(0, 17, 9))
    approval = request_approval(mention.pk, by=ben, seen=None, now=at(0, 17, 14, 12))
    note_delivery(approval.pk, now=at(0, 17, 14, 40))
    for day, hour in ((3, 10), (3, 12), (3, 14), (3, 16)):
        _fire(mention, at(day, hour, 0))
    decision = decide(
        approval.pk,
        contact=approver,
        verdict="approve",
        comment="Lovely.",
        read_digest=version.digest,
        now=at(3, 15, 41, 5),
    )
    put_into_effect([decision.pk], at(3, 15, 46, 5))
    attest_reply(mention.pk, url="https://forum.example/posts/1#2", by=ben, seen=None, now=at(3, 15, 58, 20))
    broken = Clock.objects.filter(mention=mention, breached_at__isnull=False).first()
    if broken is not None:
        ask_excuse(
            broken.pk,
            reason="agreed",
            text="The shop told us on the phone that nobody reads mail on weekends.",
            by=ben,
            now=at(3, 16, 5),
        )
    return mention


def _fire(mention: Mention, now: datetime) -> None:
    due = Clock.objects.filter(mention=mention, next_fire_at__lte=now)
    fire_clocks(list(due.values_list("pk", flat=True)), now)


def main() -> None:
    agency = Agency.objects.get(name__startswith=sys.argv[1] if len(sys.argv) > 1 else "Northlight")
    with tenant(agency.pk):
        approver = Contact.objects.filter(email__startswith="dora").select_related("client").get()
        keep_office_hours(approver.client, now=FRIDAY - timedelta(days=30))
        ben = Membership.objects.select_related("user").get(agency=agency, user__email__startswith="ben@")
        mention = tell(approver.client, responder=ben, approver=approver)
    sys.stdout.write(f"/mentions/{mention.pk}/\n")


if __name__ == "__main__":
    main()

"""Deleting mentions with all the work on them, and whatever nothing refers to any more. Counts stay.

Used by retention and by erasures, which say what goes; here is how. Rows go by plain statements, not through the ORM's
collector: the inventory knows what hangs on what, and foreign keys are checked as the transaction ends.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Model, Q, QuerySet
from psycopg import sql

from agency.actions.audit import erase_told
from agency.actions.webhooks.sending import ERASED
from agency.models import (
    AckLink,
    Alarm,
    Event,
    Notice,
    NoticeAttempt,
    WebhookAttempt,
    WebhookDelivery,
    WebhookReplay,
)
from agency.tenancy import current_agency
from mentions.actions.tallies import tally
from mentions.actions.threads import forget_names
from mentions.models import Author, Mention, Message, PastMention, Post
from mentions.queries.forgotten import digest_of, hold_memory
from workflows.actions.promise_tallies import tally_promises
from workflows.inventory import everything, kept

# Mentions of one transaction: some ten thousand rows at the most, locked for a moment.
BATCH = 200


def delete_rows(model: type[Model], ids: Sequence[UUID]) -> int:
    """Delete these rows of the agency that was entered; how many there were."""
    if not ids:
        return 0
    if model is Notice:
        # They are the notice's own, and nobody's work by themselves.
        for own in (NoticeAttempt, AckLink):
            _delete(own, "notice_id", ids)
    if model is WebhookDelivery:
        _delete(WebhookAttempt, "delivery_id", ids)
    if model is WebhookReplay:
        WebhookDelivery.objects.filter(replay_id__in=ids).update(replay=None)
    return _delete(model, "id", ids)


def _delete(model: type[Model], column: str, ids: Sequence[UUID]) -> int:
    statement = sql.SQL("DELETE FROM {} WHERE agency_id = %s AND {} = ANY(%s)").format(
        sql.Identifier(model._meta.db_table), sql.Identifier(column)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [current_agency(), list(ids)])
        gone: int = cursor.rowcount
    return gone


def delete_mentions(
    mentions: "QuerySet[Mention]", *, skip_locked: bool, remember: datetime | None
) -> Counter[str]:
    """Delete up to a batch of these mentions with all the work on them, and the posts and authors that nothing needs then.

    Args:
        skip_locked: leave those that somebody works on at this moment for later, instead of waiting.
        remember: when they are deleted only because their time is over, the time of it: they are known as past, so that
            a source that lists them still doesn't bring them back.

    Returns:
        How many of what went; without “mentions” nothing was left, or all of it was locked.
    """
    hold_memory(change=True)
    locked = mentions.select_for_update(skip_locked=skip_locked, of=("self",)).order_by("id")[:BATCH]
    rows = [(mention.pk, mention.client_id, mention.post_id) for mention in locked]
    if not rows:
        return Counter()
    ids = [pk for pk, _, _ in rows]
    joined = [
        (mention_id, client_id, post_id)
        for mention_id, client_id, post_id in Message.objects.filter(mention_id__in=ids)
        .order_by("id")
        .values_list("mention_id", "mention__client_id", "post_id")
    ]
    posts = {post_id for _, _, post_id in [*rows, *joined]}
    tally(ids)
    tally_promises(ids)
    if remember is not None:
        _remember([*rows, *joined], remember)
    gone = _delete_work(ids)
    gone["mentions"] += delete_rows(Mention, ids)
    return gone + delete_orphans(posts)


def _remember(rows: Iterable[tuple[UUID, UUID, UUID]], now: datetime) -> None:
    client_of = [(client_id, post_id) for _, client_id, post_id in rows]
    keys = dict(Post.objects.filter(pk__in={post for _, post in client_of}).values_list("pk", "key_hash"))
    past = [
        PastMention(client_id=client_id, digest=digest_of(keys[post_id]), deleted_at=now)
        for client_id, post_id in client_of
    ]
    PastMention.objects.bulk_create(past, ignore_conflicts=True)


def _delete_work(mentions: Sequence[UUID]) -> Counter[str]:
    """All rows that are part of the work on these, and what is told of them: mails, events, alarms, the log's words."""
    found: list[tuple[type[Model], str, list[UUID]]] = []
    for model, entry in kept():
        if entry.work:
            rows = everything(model).filter(**{f"{entry.work}__in": mentions})
            found.append((model, entry.file, list(rows.values_list("pk", flat=True))))
    gone = forget_told([*mentions, *(pk for _, _, ids in found for pk in ids)])
    return gone + delete_found(found)


def delete_found(found: Sequence[tuple[type[Model], str, list[UUID]]]) -> Counter[str]:
    """(model, what it is called, ids) in the inventory's order, which lists what is referred to before what refers."""
    gone: Counter[str] = Counter()
    for model, name, ids in reversed(found):
        gone[name or "further_rows"] += delete_rows(model, ids)
    return +gone


def forget_told(subjects: Sequence[UUID], *, client_id: UUID | None = None) -> Counter[str]:
    """Mails, events and alarms about these, and the log's words about them; with `client_id` all about that client."""
    about = Q(subject_id__in=subjects)
    notices = list(Notice.objects.filter(about | Q(recipient_id__in=subjects)).values_list("pk", flat=True))
    gone = Counter({"mails": delete_rows(Notice, notices)})
    events = Event.objects.filter(about | Q(client_id=client_id) if client_id else about)
    told = list(events.values_list("pk", flat=True))
    forget_posted(told)
    gone["events"] = delete_rows(Event, told)
    # Whoever sweeps may hold an alarm and wait for its mention, which we hold: an alarm that stays finds nothing, and ends.
    alarms = Alarm.objects.select_for_update(skip_locked=True).filter(agency_id=current_agency())
    delete_rows(Alarm, list(alarms.filter(subject_id__in=[*subjects, *notices]).values_list("pk", flat=True)))
    erase_told([*subjects, *notices], client_id=client_id)
    return +gone


def forget_posted(events: Sequence[UUID]) -> None:
    """What receivers of webhooks answered to these events goes; that they were posted stays, in ids and times."""
    posted = WebhookDelivery.objects.filter(event_id__in=events)
    ids = list(posted.order_by("id").values_list("pk", flat=True))
    _delete(WebhookAttempt, "delivery_id", ids)
    waiting = posted.filter(state=WebhookDelivery.State.PENDING)
    waiting.update(state=WebhookDelivery.State.DROPPED, next_at=None, error=ERASED)


def delete_orphans(posts: Iterable[UUID]) -> Counter[str]:
    """Those of these posts that no mention needs any more, and their authors if it was all that we had of them."""
    lost = list(
        Post.objects.filter(pk__in=list(posts), mentions=None, messages=None)
        .order_by("id")
        .values_list("pk", "author_id")
    )
    forget_names(pk for pk, _ in lost)
    gone = Counter({"posts": delete_rows(Post, [pk for pk, _ in lost])})
    authors = {author_id for _, author_id in lost if author_id}
    alone = list(Author.objects.filter(pk__in=authors, posts=None).values_list("pk", flat=True))
    gone["authors"] = delete_rows(Author, alone)
    forget_told([*(pk for pk, _ in lost), *alone])
    return +gone

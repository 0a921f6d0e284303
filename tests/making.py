"""Rows that many tests begin with, made the way the application makes them."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from agency.actions.notices import send_notice
from agency.models import Notice
from agency.tenancy import tenant
from clients.models import Client
from mentions.models import Author, Mention, Post, Source
from workflows.actions.intake import intake


def make_mention(
    client: Client,
    *,
    now: datetime,
    text: str = "Brightwater was closed again at nine. Does anybody answer there?",
    author: str = "Pauls Zariņš",
    posted: timedelta = timedelta(minutes=20),
    source: Source | None = None,
) -> Mention:
    """A post about the client, found now, taken in. Inside the agency."""
    who, _ = Author.objects.get_or_create(
        platform="feed",
        key=hashlib.sha256(author.encode()).hexdigest(),
        defaults={"name": author, "first_seen_at": now},
    )
    number = Post.objects.count() + 1
    url = f"https://forum.example/posts/{number}"
    post = Post(
        source=source,
        author=who,
        platform=source.kind if source else "feed",
        key=f"url:{url}",
        key_hash=hashlib.sha256(url.encode()).hexdigest(),
        url=url,
        title=text[:60],
        text=text,
        text_hash=hashlib.sha256(text.encode()).hexdigest(),
        published_at=now - posted,
        seen_at=now,
    )
    post.save(force_insert=True)
    mention = Mention(
        client=client, post=post, matched=["Brightwater"], published_at=post.published_at, recorded_at=now
    )
    mention.save(force_insert=True)
    intake([mention], now=now)
    return mention


def commit_checks() -> None:
    """What the database does as a transaction commits: tests roll theirs back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def send_mails(agency_id: UUID, *, now: datetime) -> None:
    """Send what the agency's notices have to say, as the task does that the tick rings for."""
    with tenant(agency_id):
        waiting = list(Notice.objects.filter(state=Notice.State.QUEUED).values_list("pk", flat=True))
    for notice_id in waiting:
        send_notice(agency_id, notice_id, clock=lambda: now)

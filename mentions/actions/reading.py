"""Reading a source: claim it, fetch outside every transaction, record inside one."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from agency.actions.alarms import set_alarm
from agency.actions.events import emit
from agency.http import Client as HttpClient
from agency.vault import VaultError
from clients.models import Query
from clients.words import Priority
from mentions.actions.conversations import join_answers, join_messages, sort_out
from mentions.actions.describing import describe
from mentions.actions.secrets import Locked, locked
from mentions.actions.threads import hold_threads, note_names, threads_of
from mentions.feeds.entries import Entry
from mentions.feeds.make import names_site
from mentions.matching import Matcher, Terms, compile_queries
from mentions.models import Author, Mention, Message, Post, Source, SourceRead
from mentions.platforms.base import Page, PlatformError, SourceConfig
from mentions.platforms.registry import get_platform
from mentions.queries.forgotten import forgotten_among, hold_memory, past_among
from mentions.queries.own_accounts import OwnAccounts, own_accounts_of

log = structlog.get_logger("earshot.reading")

LEASE = timedelta(minutes=3)  # longer than the client's and the parser's own limits together
LONGEST_BACKOFF = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Reading:
    """A claimed source: all that fetching needs, without the row."""

    source_id: UUID
    kind: str
    settings: Locked
    cursor: dict[str, Any]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one page brought: posts that weren't known, and the mentions they and known ones became.

    `forgotten`: entries that were passed over, as their authors are not to be collected. `messages`: what joined mentions.
    """

    posts: int
    mentions: list[Mention]
    forgotten: int = 0
    messages: list[Message] = field(default_factory=list)


def claim_source(source_id: UUID, *, now: datetime) -> Reading | None:
    """Lease a source for one reading; None when it is paused, gone, or being read by somebody else.

    Nothing is asked of an archived client's own sources either: they are only looked at again, so that they are read
    soon after the client is restored.
    """
    free = Source.objects.select_for_update(skip_locked=True, of=("self",)).select_related("client")
    source = free.filter(pk=source_id, paused_at=None).first()
    if source is None or (source.lease_until and source.lease_until > now):
        return None
    if source.client is not None and source.client.archived_at is not None:
        _schedule(source, now + source.every, now)
        source.save(update_fields=["next_read_at"])
        return None
    source.lease_until = now + LEASE
    source.save(update_fields=["lease_until"])
    return Reading(source.pk, source.kind, locked(source), source.cursor, now)


def fetch_page(reading: Reading) -> Page:
    """Ask the source's platform; touches no database.

    Raises:
        PlatformError: with a sentence for the source's health.
    """
    http = HttpClient(allow_loopback=settings.ALLOW_LOOPBACK)
    try:
        config = SourceConfig(reading.kind, reading.settings.open())
    except VaultError as error:
        raise PlatformError(error.code, error.message, retryable=True) from error
    return get_platform(reading.kind).fetch(config, cursor=reading.cursor, http=http)


def record_page(reading: Reading, page: Page, *, now: datetime) -> Recorded:
    """Store what concerns a client, and that the source is well. Recording a page twice changes nothing."""
    source = Source.objects.select_for_update().filter(pk=reading.source_id).first()
    if source is None:
        return Recorded(0, [])
    recorded = _record_entries(source, list(page.entries), now)
    if not locked(source).same(reading.settings):
        return (
            recorded  # changed while it was read: what is known of the new place begins with its own reading
        )
    was_failing = bool(source.failures)
    source.cursor, source.lease_until = page.cursor, None
    source.last_read_at = source.last_good_at = now
    source.failures, source.failing_since, source.error_code, source.error = 0, None, "", ""
    _schedule(source, reading.started_at + source.every, now)
    source.save()
    SourceRead(
        source=source,
        started_at=reading.started_at,
        finished_at=now,
        outcome="unchanged" if page.not_modified else "read",
        entries=len(page.entries),
        posts=recorded.posts,
        mentions=len(recorded.mentions),
        forgotten=recorded.forgotten,
    ).save(force_insert=True)
    if was_failing:
        emit("source.recovered", subject=source, now=now, data={"name": source.name})
    return recorded


def record_failure(reading: Reading, error: PlatformError, *, now: datetime) -> None:
    """Note what went wrong on the source's health, and read ever more rarely while it lasts."""
    source = Source.objects.select_for_update().filter(pk=reading.source_id).first()
    if source is None or not locked(source).same(reading.settings):
        return
    source.failures += 1
    source.failing_since = source.failing_since or now
    source.last_read_at, source.lease_until = now, None
    source.error_code, source.error = error.code[:40], error.sentence[:500]
    pause = min(source.every * 2 ** min(source.failures - 1, 10), max(LONGEST_BACKOFF, source.every))
    if error.retry_after:
        pause = max(pause, min(timedelta(seconds=error.retry_after), timedelta(days=1)))
    _schedule(source, now + pause, now)
    source.save()
    SourceRead(
        source=source,
        started_at=reading.started_at,
        finished_at=now,
        outcome="failed",
        error_code=source.error_code,
        error=source.error,
    ).save(force_insert=True)
    if source.failures == 1:
        emit(
            "source.failing",
            subject=source,
            now=now,
            data={"name": source.name, "code": source.error_code},
        )
    log.info("source failed", source=str(source.pk), code=error.code, failures=source.failures)


def _schedule(source: Source, due_at: datetime, now: datetime) -> None:
    if source.paused_at is None:
        source.next_read_at = max(due_at, now)
        set_alarm("source.read", source.pk, source.next_read_at)


@lru_cache(maxsize=256)
def _matcher(queries: tuple[tuple[UUID, tuple[str, ...], tuple[str, ...]], ...]) -> Matcher[UUID]:
    # Compiling thousands of phrases takes longer than matching a page, and queries rarely change.
    return compile_queries({query_id: Terms(wanted, unwanted) for query_id, wanted, unwanted in queries})


def _record_entries(source: Source, entries: list[Entry], now: datetime) -> Recorded:
    queries = Query.objects.filter(current=True, client__archived_at=None)
    if source.client_id:
        queries = queries.filter(client_id=source.client_id)
    by_id = {query.pk: query for query in queries.order_by("id")}
    if not by_id or not entries:
        return Recorded(0, [])
    clients = frozenset(query.client_id for query in by_id.values())
    own = own_accounts_of(clients)
    matched, talking = _of_interest(entries, by_id, own)
    if not matched and not talking:
        return Recorded(0, [])
    matched, forgotten = _remembering(
        source.kind, matched, {pk: query.client_id for pk, query in by_id.items()}
    )
    talking = _but_forgotten(source.kind, talking)
    hold_threads(change=bool(talking))
    _note_names(talking, now)
    page = {**talking, **{key: entry for key, (entry, _) in matched.items()}}
    query_of = {(key, by_id[pk].client_id): pk for key, (_, found) in sorted(matched.items()) for pk in found}
    wanted = {(key, by_id[pk].client_id): found[pk] for key, (_, found) in matched.items() for pk in found}
    talk = sort_out(
        page,
        wanted=wanted,
        threads=threads_of(page),
        # A site that stands in for somebody whom nobody names is no author who writes again.
        authors={key: "" if names_site(entry) else _author_key(entry) for key, entry in page.items()},
        clients=clients,
        own=own,
        now=now,
    )
    mentioning = {key for key, client_id in wanted if (key, client_id) not in talk.later}
    keep = mentioning | talk.keeps()
    if not keep and not talking:
        return Recorded(0, [], forgotten)
    posts, new_posts = _store_posts(source, {key: page[key] for key in keep}, now)
    urgent = _urgent(by_id, {key: page[key] for key in mentioning})
    mentions = [
        Mention(
            client_id=client_id,
            post=posts[key],
            query=by_id[query_id],
            matched=list(wanted[key, client_id])[:20],
            published_at=posts[key].published_at,
            recorded_at=now,
            priority=Priority.URGENT if (key, query_id) in urgent else Priority.NORMAL,
        )
        for (key, client_id), query_id in query_of.items()
        if (key, client_id) not in talk.later
    ]
    Mention.objects.bulk_create(mentions, ignore_conflicts=True, batch_size=500)
    # A row that lost against a known one was not inserted: only the ids that are there are new.
    there = set(Mention.objects.filter(pk__in=[m.pk for m in mentions]).values_list("pk", flat=True))
    new = [mention for mention in mentions if mention.pk in there]
    messages = join_messages(talk, posts=posts, new=new, now=now)
    messages += join_answers(talk.threads.values(), clients=clients, own=own, now=now)
    return Recorded(new_posts, new, forgotten, messages)


def _of_interest(
    entries: list[Entry], by_id: dict[UUID, Query], own: OwnAccounts
) -> tuple["Matched", dict[str, Entry]]:
    """What is listened for, without what clients say of themselves; and whatever is part of a conversation."""
    matcher = _matcher(tuple((q.pk, tuple(q.any_terms), tuple(q.none_terms)) for q in by_id.values()))
    matched: Matched = {}
    talking = {}
    for entry in entries:
        key = _digest(entry.key)
        if entry.answers or entry.conversation:
            talking[key] = entry
        found = matcher.match(entry.text)
        if found:
            mine = own.clients_of(name=entry.author_name, url=entry.author_url)
            others = {pk: terms for pk, terms in found.items() if by_id[pk].client_id not in mine}
            if others:
                matched[key] = (entry, others)
    return matched, talking


def _urgent(by_id: dict[UUID, Query], entries: dict[str, Entry]) -> set[tuple[str, UUID]]:
    """The entries, with the queries whose urgent words they hold."""
    pressing = tuple((q.pk, tuple(q.urgent_terms), ()) for q in by_id.values() if q.urgent_terms)
    if not pressing:
        return set()
    matcher = _matcher(pressing)
    return {(key, query_id) for key, entry in entries.items() for query_id in matcher.match(entry.text)}


def _but_forgotten(platform: str, talking: dict[str, Entry]) -> dict[str, Entry]:
    if not talking:
        return talking
    forgotten = forgotten_among(platform, {_author_key(entry) for entry in talking.values()})
    return {key: entry for key, entry in talking.items() if _author_key(entry) not in forgotten}


def _note_names(talking: dict[str, Entry], now: datetime) -> None:
    note_names(
        {key: [_digest(answered) for answered in entry.answers] for key, entry in talking.items()},
        {key: _digest(entry.conversation) for key, entry in talking.items() if entry.conversation},
        now=now,
    )


Matched = dict[str, tuple[Entry, dict[UUID, Any]]]


def _remembering(platform: str, matched: Matched, client_of: dict[UUID, UUID]) -> tuple[Matched, int]:
    """Without what was erased or deleted and must not come back, and how many entries of forgotten authors there were."""
    hold_memory(change=False)
    forgotten = forgotten_among(platform, {_author_key(entry) for entry, _ in matched.values()})
    known = {key: held for key, held in matched.items() if _author_key(held[0]) not in forgotten}
    past = past_among(set(client_of.values()), known)
    news = {}
    for key, (entry, found) in known.items():
        still = {query: terms for query, terms in found.items() if (client_of[query], key) not in past}
        if still:
            news[key] = (entry, still)
    return news, len(matched) - len(known)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _store_posts(source: Source, entries: dict[str, Entry], now: datetime) -> tuple[dict[str, Post], int]:
    """Key hash → the one post with that key, and how many of them are new."""
    authors = _store_authors(source.kind, list(entries.values()), now)
    wanted = []
    for key_hash, entry in sorted(
        entries.items()
    ):  # one order, so that two workers don't wait for each other
        claimed = entry.published_at
        published_at = claimed if claimed and claimed <= now else now
        described = describe(entry.text or entry.title, language=entry.language[:12])
        wanted.append(
            Post(
                source=source,
                author=authors.get(_author_key(entry)),
                platform=source.kind,
                key=entry.key[:2100],
                key_hash=key_hash,
                url=entry.url[:2000],
                title=entry.title[:500],
                text=entry.text,
                text_hash=_digest(entry.text),
                **described._asdict(),
                published_at=published_at,
                published_guessed=published_at != claimed,
                seen_at=now,
                counts=entry.counts,
                in_reply_to=entry.in_reply_to[:2000],
                conversation=entry.conversation[:600],
            )
        )
    mine = {post.pk for post in wanted}
    Post.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=200)
    stored = {post.key_hash: post for post in Post.objects.filter(key_hash__in=list(entries))}
    return stored, sum(post.pk in mine for post in stored.values())


def _author_key(entry: Entry) -> str:
    name = entry.author_url or entry.author_name.casefold()
    return _digest(name) if name else ""


def _store_authors(platform: str, entries: list[Entry], now: datetime) -> dict[str, Author]:
    wanted = {
        key: Author(
            platform=platform,
            key=key,
            name=entry.author_name[:200],
            url=entry.author_url[:2000],
            first_seen_at=now,
        )
        for entry in entries
        if (key := _author_key(entry))
    }
    Author.objects.bulk_create([wanted[key] for key in sorted(wanted)], ignore_conflicts=True, batch_size=500)
    return {author.key: author for author in Author.objects.filter(platform=platform, key__in=list(wanted))}

"""What is written later in the conversation of a mention, and what the client itself answers there.

A later post of a mention's author joins that mention instead of becoming another one. What the client's own accounts
write is kept where it answers something, also before that is read. What it all means for the work on a mention is said
in workflows/actions/conversations.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from mentions.feeds.entries import Entry
from mentions.models import Mention, Message, Post, ThreadKey
from mentions.queries.own_accounts import OwnAccounts
from mentions.words import CLOSED

# Of one conversation: more of the client's posts than that aren't looked at in one go.
LOOKED_AT = 500
# In a conversation with more open mentions than this, what the client wrote to nobody in particular says nothing.
MOST_NOTED = 50
_END = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Standing:
    """A mention that somebody's later posts belong to."""

    client_id: UUID
    author: str  # the author's key; "" for nobody known
    thread: UUID
    post: str  # its post's key hash
    mention_id: UUID | None  # None: of this page, and not stored yet
    recorded_at: datetime


@dataclass(slots=True)
class Talk:
    """What a page's entries are, beside new mentions.

    Attributes:
        later: (post's key hash, client) → the mention that it joins, with what was found in it.
        own: key hashes of what the clients' own accounts answered: to be kept.
    """

    threads: dict[str, UUID] = field(default_factory=dict)
    later: dict[tuple[str, UUID], tuple[Standing, tuple[str, ...]]] = field(default_factory=dict)
    own: dict[str, set[UUID]] = field(default_factory=dict)

    def keeps(self) -> set[str]:
        return {key for key, _ in self.later} | set(self.own)


def sort_out(
    entries: Mapping[str, Entry],
    *,
    wanted: Mapping[tuple[str, UUID], tuple[str, ...]],
    threads: Mapping[str, UUID],
    authors: Mapping[str, str],
    clients: frozenset[UUID],
    own: OwnAccounts,
    now: datetime,
) -> Talk:
    """Which entries of a page join mentions that are there, or that others of the same page become.

    Args:
        entries: by key hash: those that matched, and those that are part of a conversation.
        wanted: (key hash, client) → what is listened for, as found; these are mentions, unless they join one.
        authors: key hash → the author's key.
        clients: those that the source is read for.
    """
    talk = Talk(threads=dict(threads))
    standing = _standing(set(threads.values()), clients) if threads else []
    newest = {(s.client_id, s.author, s.thread): s for s in standing if s.author}
    taken = {(s.post, s.client_id) for s in standing} | _joined(threads)
    # In the order of their publication, whatever the order of the page: feeds begin with the newest.
    for key in sorted(entries, key=lambda key: (entries[key].published_at or _END, key)):
        entry, author, thread = entries[key], authors[key], threads.get(key)
        mine = own.clients_of(name=entry.author_name, url=entry.author_url) & clients
        if mine and (entry.answers or entry.conversation):
            talk.own[key] = mine
        for client_id in sorted(clients - mine):
            terms = wanted.get((key, client_id))
            if (key, client_id) in taken or thread is None or not author:
                continue
            before = newest.get((client_id, author, thread))
            if before is not None:
                talk.later[key, client_id] = (before, terms or ())
            elif terms is not None:
                newest[client_id, author, thread] = Standing(client_id, author, thread, key, None, now)
    return talk


def _joined(keys: Iterable[str]) -> set[tuple[str, UUID]]:
    """(post's key hash, client) of what belongs to a mention already: to whichever it is."""
    known = Message.objects.filter(post__key_hash__in=list(keys), by=Message.By.AUTHOR)
    return set(known.values_list("post__key_hash", "mention__client_id"))


def _standing(threads: set[UUID], clients: frozenset[UUID]) -> list[Standing]:
    """The mentions of these conversations, the oldest first."""
    names = ThreadKey.objects.filter(thread__in=threads)
    rows = (
        Mention.objects.filter(client_id__in=clients, post__key_hash__in=names.values("key_hash"))
        .order_by("recorded_at", "id")
        .values_list("pk", "client_id", "post__author__key", "post__key_hash", "recorded_at")
    )
    found = list(rows)
    thread_of = dict(
        names.filter(key_hash__in=[key for _, _, _, key, _ in found]).values_list("key_hash", "thread")
    )
    return [
        Standing(client_id, author or "", thread_of[key], key, pk, recorded_at)
        for pk, client_id, author, key, recorded_at in found
    ]


def join_messages(
    talk: Talk, *, posts: Mapping[str, Post], new: Iterable[Mention], now: datetime
) -> list[Message]:
    """Store what joins mentions. Those that were there already are passed over."""
    by_post = {(mention.post.key_hash, mention.client_id): mention.pk for mention in new}
    wanted = []
    for (key, client_id), (before, terms) in sorted(talk.later.items(), key=lambda pair: str(pair[0])):
        mention_id = before.mention_id or by_post.get((before.post, client_id))
        if mention_id is not None:
            wanted.append(
                Message(
                    mention_id=mention_id,
                    post=posts[key],
                    by=Message.By.AUTHOR,
                    matched=list(terms)[:20],
                    recorded_at=now,
                )
            )
    return _store(wanted)


def join_answers(
    threads: Iterable[UUID], *, clients: frozenset[UUID], own: OwnAccounts, now: datetime
) -> list[Message]:
    """Put what the clients wrote in these conversations to the mentions that it is about.

    It plainly answers a mention if what it says it answers is the mention's post, or something that the same author
    wrote later there; posts of the client's own in between don't count. Where it names only the discussion, it answers
    if nobody else is known there. Anything else in the same conversation waits for a person to look.
    """
    found = set(threads)
    if not found or not own:
        return []
    names = {
        row.key_hash: row for row in ThreadKey.objects.filter(thread__in=found).order_by("-noted_at")[:20_000]
    }
    posts = (
        Post.objects.filter(key_hash__in=ThreadKey.objects.filter(thread__in=found).values("key_hash"))
        .select_related("author")
        .order_by("-published_at", "-id")[:LOOKED_AT]
    )
    theirs: list[tuple[Post, set[UUID]]] = []
    for post in posts:
        if post.author is None or post.key_hash not in names:
            continue
        mine = own.clients_of(name=post.author.name, url=post.author.url) & clients
        if mine and (post.in_reply_to or post.conversation):
            theirs.append((post, mine))
    if not theirs:
        return []
    mentions = _mentions(found, clients)
    own_keys = {post.key_hash for post, _ in theirs}
    wanted = []
    for post, mine in theirs:
        answered = _answered(post.key_hash, names, own_keys)
        for client_id in sorted(mine):
            there = [
                m for m in mentions if m.client_id == client_id and m.thread == names[post.key_hash].thread
            ]
            wanted += _about(post, there, answered, now)
    return _store(wanted)


@dataclass(frozen=True, slots=True)
class _There:
    mention_id: UUID
    client_id: UUID
    thread: UUID
    author_id: UUID | None
    closed: bool
    published_at: datetime
    keys: frozenset[str]  # of its post and of what its author wrote later


def _mentions(threads: set[UUID], clients: frozenset[UUID]) -> list[_There]:
    names = dict(ThreadKey.objects.filter(thread__in=threads).values_list("key_hash", "thread"))
    rows = list(
        Mention.objects.filter(
            client_id__in=clients,
            post__key_hash__in=ThreadKey.objects.filter(thread__in=threads).values("key_hash"),
        )
        .order_by("recorded_at", "id")
        .values_list("pk", "client_id", "post__key_hash", "post__author_id", "state", "published_at")
    )
    later: dict[UUID, set[str]] = {}
    joined = Message.objects.filter(mention_id__in=[row[0] for row in rows], by=Message.By.AUTHOR)
    for mention_id, key in joined.values_list("mention_id", "post__key_hash"):
        later.setdefault(mention_id, set()).add(key)
    return [
        _There(pk, client_id, names[key], author, state in CLOSED, at, frozenset({key, *later.get(pk, ())}))
        for pk, client_id, key, author, state, at in rows
    ]


def _answered(key: str, names: Mapping[str, ThreadKey], own: set[str]) -> set[str]:
    """The names that a post answers, past the client's own posts. Each is looked at once, so a loop ends."""
    seen, found, ahead = {key}, set[str](), [key]
    while ahead:
        row = names.get(ahead.pop())
        for parent in row.parents if row else ():
            if parent in seen:
                continue
            seen.add(parent)
            if parent in own:
                ahead.append(parent)
            else:
                found.add(parent)
    return found


def _about(post: Post, there: list[_There], answered: set[str], now: datetime) -> list[Message]:
    plainly = [m for m in there if m.keys & answered]
    since = [m for m in there if post.published_at >= m.published_at]
    if not plainly and not answered and len({m.author_id for m in since}) == 1:
        plainly = since[-1:] if since[-1].author_id else []
    if plainly:
        return [_message(m.mention_id, post, direct=True, now=now) for m in plainly]
    still = [m for m in since if not m.closed]
    return (
        [_message(m.mention_id, post, direct=False, now=now) for m in still]
        if len(still) <= MOST_NOTED
        else []
    )


def _message(mention_id: UUID, post: Post, *, direct: bool, now: datetime) -> Message:
    return Message(mention_id=mention_id, post=post, by=Message.By.CLIENT, direct=direct, recorded_at=now)


def _store(wanted: list[Message]) -> list[Message]:
    """Those that are new. Two that read the same post at once: the second waits, and finds it there."""
    wanted.sort(key=lambda message: (message.mention_id, message.post_id))
    Message.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=500)
    there = set(Message.objects.filter(pk__in=[m.pk for m in wanted]).values_list("pk", flat=True))
    return [message for message in wanted if message.pk in there]


def unclaimed_answers(*, before: datetime) -> "QuerySet[Any]":
    """What clients wrote in conversations that never had a mention of theirs: for housekeeping."""
    return Post.objects.filter(seen_at__lt=before, mentions=None, messages=None)

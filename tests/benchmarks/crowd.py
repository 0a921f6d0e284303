"""A database that many agencies share, filled by SQL: open and closed mentions, their posts, clocks and words.

What a row holds is taken from one that the application made itself, so that no column is forgotten; its ids and times
are the row's own. One agency is large, the others share the rest evenly.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from tests.benchmarks.ground import Ground, tell
from tests.benchmarks.search import Vocabulary

CLIENTS, AUTHORS, TEXTS, RARE = 4, 50, 500, 200


@dataclass(frozen=True, slots=True)
class Size:
    """`large`: mentions of the first agency, `open_large` of them open; `others` and `open_others`: of each other one."""

    agencies: int
    large: int
    open_large: int
    others: int
    open_others: int

    @property
    def mentions(self) -> int:
        return self.large + (self.agencies - 1) * self.others


# A page of 50, a thousand pages in, is there in both.
WHOLE = Size(agencies=200, large=104_500, open_large=52_000, others=4_500, open_others=900)
QUICK = Size(agencies=20, large=60_000, open_large=52_000, others=2_100, open_others=900)


@dataclass(frozen=True, slots=True)
class House:
    """An agency, who owns it, and a key to it that may do what its owner may with mentions."""

    agency_id: UUID
    owner_id: UUID
    token: str


ROWS = """
CREATE UNLOGGED TABLE crowd AS
SELECT house.agency_id, house.policy, house.owner, row.n, row.open, uuidv7() AS mention, uuidv7() AS post,
       house.clients[1 + row.n %% array_length(house.clients, 1)] AS client,
       house.authors[1 + (row.n / 3) %% array_length(house.authors, 1)] AS author,
       CASE WHEN row.open THEN CASE WHEN row.n %% 10 < 3 THEN 'claimed' ELSE 'new' END
            ELSE CASE WHEN row.n %% 10 < 3 THEN 'dismissed' ELSE 'responded' END END AS state,
       -- What is open came within the last minutes, so that no clock warns meanwhile; what is closed came earlier.
       %(now)s - CASE WHEN row.open THEN row.n * interval '6 ms' ELSE row.n * interval '6 min' + interval '1 day' END AS at
  FROM houses AS house
  CROSS JOIN LATERAL (
      SELECT n, n < house.open AS open FROM generate_series(0, house.mentions - 1) AS n
  ) AS row
 ORDER BY house.agency_id, row.n DESC
"""
# What isn't as in the pattern's row.
POST = {
    "id": "row.post",
    "agency_id": "row.agency_id",
    "author_id": "row.author",
    "source_id": "NULL",
    "key": "'url:https://forum.example/' || row.post",
    "key_hash": "encode(sha256(row.post::text::bytea), 'hex')",
    "url": "'https://forum.example/posts/' || row.post",
    "title": "left(text.text, 60)",
    "text": "text.text || ' rare' || row.n %% {rare}",
    "text_hash": "encode(sha256(row.post::text::bytea), 'hex')",
    "published_at": "row.at - interval '20 min'",
    "seen_at": "row.at",
}
MENTION = {
    "id": "row.mention",
    "agency_id": "row.agency_id",
    "client_id": "row.client",
    "post_id": "row.post",
    "state": "row.state",
    "version": "CASE row.state WHEN 'new' THEN 1 ELSE 2 END",
    "assignee_id": "CASE WHEN row.state IN ('claimed', 'responded') THEN row.owner END",
    "published_at": "row.at - interval '20 min'",
    "recorded_at": "row.at",
    "due_at": "CASE WHEN row.open THEN row.at + (pattern.due_at - pattern.recorded_at) END",
    "urgency_at": "CASE WHEN row.open THEN row.at + (pattern.due_at - pattern.recorded_at) ELSE '9999-01-01' END",
    "due_kind": "CASE WHEN row.open THEN pattern.due_kind ELSE '' END",
    "responded_at": "CASE WHEN row.state = 'responded' THEN row.at + interval '1 hour' END",
    "answer_url": "CASE WHEN row.state = 'responded' THEN 'https://forum.example/posts/' || row.post || '#a' ELSE '' END",
    "dismiss_reason": "CASE WHEN row.state = 'dismissed' THEN 'no_reply_needed' ELSE '' END",
}
CLOCK = {
    "id": "clock.id",
    "agency_id": "clock.agency_id",
    "mention_id": "clock.mention",
    "policy_id": "clock.policy",
    "started_at": "clock.at",
    "running_since": "clock.at",
    "due_at": "clock.at + (pattern.due_at - pattern.started_at)",
    "next_fire_at": "clock.at + (pattern.next_fire_at - pattern.started_at)",
}
LINE = {
    "id": "uuidv7()",
    "agency_id": "clock.agency_id",
    "clock_id": "clock.id",
    "at": "clock.at",
    "recorded_at": "clock.at",
}
ALARM = {
    "id": "uuidv7()",
    "agency_id": "clock.agency_id",
    "subject_id": "clock.id",
    "due_at": "clock.at + (like_clock.next_fire_at - like_clock.started_at)",
}
WORDS: LiteralString = """
INSERT INTO mentions_searchentry (id, agency_id, mention_id, client_id, recorded_at, vector)
SELECT uuidv7(), row.agency_id, row.mention, row.client, row.at,
       format('''@a%%s'' ''@c%%s'' %%s ''rare%%s'':70', replace(row.agency_id::text, '-', ''),
              replace(row.client::text, '-', ''), text.words, row.n %% {rare})::tsvector
  FROM crowd AS row JOIN texts AS text ON text.n = row.n %% {texts}
"""
INSERTS: tuple[tuple[str, str, Mapping[str, LiteralString], LiteralString], ...] = (
    ("mentions_post", "like_post", POST, "crowd AS row JOIN texts AS text ON text.n = row.n %% {texts}"),
    ("mentions_mention", "like_mention", MENTION, "crowd AS row"),
    ("workflows_clock", "like_clock", CLOCK, "clocks AS clock"),
    ("workflows_clockevent", "like_line", LINE, "clocks AS clock"),
    ("agency_alarm", "like_alarm", ALARM, "clocks AS clock JOIN like_clock ON like_clock.kind = clock.kind"),
)
# Both clocks of what is open run; of what is claimed the first has stopped, which is left out.
CLOCKS = """
CREATE UNLOGGED TABLE clocks AS
SELECT uuidv7() AS id, row.agency_id, row.mention, row.policy, row.at, kind
  FROM crowd AS row CROSS JOIN unnest('{claim,respond}'::text[]) AS kind
 WHERE row.open AND (row.state = 'new' OR kind = 'respond')
"""
# Of one clock the one line and the alarm, whichever kind it is.
OF_ITS_KIND = {"like_clock": "pattern.kind = clock.kind"}


def fill(here: Ground, size: Size, *, superuser_url: str) -> list[House]:
    """Agencies by the application's own actions, their mentions by SQL. The largest agency is the first."""
    begun = time.perf_counter()
    now, houses = _open_agencies(size)
    tell(f"{size.agencies} agencies within {time.perf_counter() - begun:.0f} s")
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        # What refers to what is right by the way that it is made.
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("SET work_mem = '256MB'")
        superuser.execute("SET maintenance_work_mem = '512MB'")
        _patterns(superuser)
        _ground(superuser, size, houses)
        superuser.execute(ROWS, {"now": now})
        superuser.execute(CLOCKS)
        for table, pattern, own, source in INSERTS:
            _insert(superuser, table, pattern, own, source)
        _words(superuser)
        superuser.execute("VACUUM (ANALYZE)")
        superuser.execute("CHECKPOINT")
    tell(
        f"{size.mentions} mentions of {size.agencies} agencies within {time.perf_counter() - begun:.0f} s in all"
    )
    return houses


def _open_agencies(size: Size) -> tuple[datetime, list[House]]:
    from agency import clock  # noqa: PLC0415  (Django is set up by now)
    from agency.actions.keys import make_key  # noqa: PLC0415
    from agency.queries.people import actor_of_member  # noqa: PLC0415
    from agency.rights import Right  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from clients.actions.clients import create_client  # noqa: PLC0415
    from tests.making import make_mention  # noqa: PLC0415
    from workflows.actions.onboarding import open_agency  # noqa: PLC0415

    now, houses = clock.now(), []
    for number in range(size.agencies):
        agency, owner = open_agency(
            name=f"Agency {number}",
            time_zone="UTC",
            owner_email=f"owner{number}@agency.example",
            owner_name=f"Ana {number}",
            now=now - timedelta(days=30),
            invite=False,
        )
        by = actor_of_member(owner)
        with tenant(agency.pk):
            clients = [
                create_client(
                    name=f"Brightwater {place}", time_zone="UTC", language="en", by=by, now=by_now(now)
                )
                for place in range(CLIENTS)
            ]
            _, token = make_key(
                name="The desk", rights=[Right.READ, Right.RESPOND], expires_at=None, by=by, now=by_now(now)
            )
            if not number:
                make_mention(clients[0], now=now)
        houses.append(House(agency.pk, owner.pk, token))
    return now, houses


def by_now(now: datetime) -> datetime:
    return now - timedelta(days=29)


def _patterns(superuser: psycopg.Connection) -> None:
    for name, table in (
        ("like_post", "mentions_post"),
        ("like_mention", "mentions_mention"),
        ("like_clock", "workflows_clock"),
    ):
        superuser.execute(
            SQL("CREATE TABLE {} AS SELECT * FROM {}").format(Identifier(name), Identifier(table))
        )
    superuser.execute("CREATE TABLE like_line AS SELECT * FROM workflows_clockevent LIMIT 1")
    superuser.execute(
        "CREATE TABLE like_alarm AS SELECT * FROM agency_alarm WHERE kind = 'clock.due' LIMIT 1"
    )


def _ground(superuser: psycopg.Connection, size: Size, houses: list[House]) -> None:
    """What the rows refer to: authors, texts, and the agencies with how many mentions each gets."""
    from mentions.searching import vector  # noqa: PLC0415

    superuser.execute(
        """
        INSERT INTO mentions_author (id, agency_id, platform, key, name, url, first_seen_at)
        SELECT uuidv7(), agency.id, 'feed', encode(sha256(n::text::bytea), 'hex'), 'Pauls Zariņš ' || n,
               'https://forum.example/people/' || n, now()
          FROM agency_agency AS agency CROSS JOIN generate_series(1, %s) AS n
        """,
        [AUTHORS],
    )
    vocabulary = Vocabulary()
    superuser.execute("CREATE UNLOGGED TABLE texts (n int, text text, words text)")
    with superuser.cursor() as cursor, cursor.copy("COPY texts FROM STDIN") as copy:
        for number in range(TEXTS):
            text = vocabulary.text(number).rpartition(" ")[0]
            copy.write_row((number, text, vector([text, "Pauls Zariņš", "forum.example"])))
    superuser.execute(
        """
        CREATE TABLE houses AS
        SELECT agency.id AS agency_id, first.id IS NOT NULL AS is_large,
               CASE WHEN first.id IS NULL THEN %(others)s ELSE %(large)s END AS mentions,
               CASE WHEN first.id IS NULL THEN %(open_others)s ELSE %(open_large)s END AS open,
               (SELECT id FROM clients_slapolicy WHERE agency_id = agency.id AND client_id IS NULL AND current) AS policy,
               (SELECT id FROM agency_membership WHERE agency_id = agency.id) AS owner,
               (SELECT array_agg(id ORDER BY id) FROM clients_client WHERE agency_id = agency.id) AS clients,
               (SELECT array_agg(id ORDER BY id) FROM mentions_author WHERE agency_id = agency.id) AS authors
          FROM agency_agency AS agency LEFT JOIN (SELECT %(first)s::uuid AS id) AS first ON first.id = agency.id
        """,
        {
            "first": houses[0].agency_id,
            "large": size.large,
            "others": size.others,
            "open_large": size.open_large,
            "open_others": size.open_others,
        },
    )


def _insert(
    superuser: psycopg.Connection,
    table: str,
    pattern: str,
    own: Mapping[str, LiteralString],
    source: LiteralString,
) -> None:
    begun = time.perf_counter()
    names, values = _columns(superuser, pattern, own)
    statement = SQL("INSERT INTO {} ({}) SELECT {} FROM {} JOIN {} AS pattern ON {}").format(
        Identifier(table),
        names,
        values,
        _formatted(source),
        Identifier(pattern),
        SQL(OF_ITS_KIND.get(pattern, "true")),
    )
    done = superuser.execute(statement).rowcount
    tell(f"{table}: {done} rows within {time.perf_counter() - begun:.0f} s")


def _columns(
    superuser: psycopg.Connection, pattern: str, own: Mapping[str, LiteralString]
) -> tuple[Composed, Composed]:
    """Names and values: the row's own, or the pattern's."""
    names = [
        str(name)
        for (name,) in superuser.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [pattern]
        )
    ]
    values = [_formatted(own[name]) if name in own else Identifier("pattern", name) for name in names]
    return SQL(", ").join(map(Identifier, names)), SQL(", ").join(values)


def _formatted(sql: LiteralString) -> SQL:
    return SQL(sql.replace("{rare}", str(RARE)).replace("{texts}", str(TEXTS)).replace("%%", "%"))  # type: ignore[arg-type]


def _words(superuser: psycopg.Connection) -> None:
    begun = time.perf_counter()
    (index,) = superuser.execute(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'search_words'"
    ).fetchone() or ("",)
    # Many times quicker than word by word.
    superuser.execute("DROP INDEX search_words")
    superuser.execute(_formatted(WORDS))
    superuser.execute(index)
    tell(f"mentions_searchentry: filled within {time.perf_counter() - begun:.0f} s")

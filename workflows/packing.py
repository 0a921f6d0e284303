"""An evidence pack: one ZIP file, the same to the byte for the same evidence."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson

from workflows.queries.evidence import Evidence, Row

_IN_MEMORY = 2_000_000
_CHECK = Path(__file__).with_name("check_evidence.py")
README = """\
Evidence of one mention
=======================

{agency} for {client}, packed at {at} (UTC) by Earshot.
Mention {id}
{url}

What is here
  history.txt   what happened, in words, oldest first; times in UTC
  mention.json  the post as it was seen, its author and source, the client, what was listened for, how it stands
  history.json  moves, clocks with every line of their history, the calendars that they ran in, excuses for broken
                promises, whose time it was, replies with every version, approvals, decisions, links (without what
                opens them), mails, publications and each attempt
  audit.jsonl   the entries of the agency's log about this mention, with all that their hashes are made of
  chain.jsonl   the hashes of the whole log from the first of these entries to its end: numbers and hashes only, nothing
                of what else they stand for
  SHA256SUMS    a hash of each file
  check.py      reckons everything again

How to check it
  Unpack it, and run:  python3 check.py
  Any Python from 3.8 on will do; it reads nothing but these files and sends nothing anywhere. You can also follow it by
  hand, with any program that makes SHA-256 (all texts are UTF-8, all hashes in hex):

  who_digest     = SHA-256 of who_salt followed by who
  what_digest    = SHA-256 of what_salt followed by what
  payload_digest = SHA-256 of payload, which ends with those two
  hash           = SHA-256 of the hash before, a blank, the entry's number, a blank, and payload_digest
                   (before the first entry: 64 zeros)

What it proves
  Each entry holds a hash of all entries before it. If one of them were changed, removed, added or moved later, every
  hash after it would be another, down to the last one:

  entry {seq}
  {hash}

  Compare it with a hash that somebody noted elsewhere, or have the agency look for it in its log as it is now:
  manage.py verify_audit --agency {agency_id} --head {hash}

  That this pack was taken is an entry of the log as well, the next one about this mention. It names the SHA-256 of the
  file SHA256SUMS, and so all that is in here.

  Names and texts may have been erased since, because a person asked for it. Such an entry tells nothing but still has its
  place: its hashes are over salted digests, and the salt was erased with the text.
"""


def pack(evidence: Evidence, links: Iterable[Row]) -> tuple[IO[bytes], str]:
    """The ZIP, ready to be read (whoever takes it closes it), and the SHA-256 of its list of hashes.

    `links` are read while it is written.
    """
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
    sums: dict[str, str] = {}
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, pieces in _files(evidence, links):
            sums[name] = _write(archive, name, pieces)
        listed = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
        digest = _write(archive, "SHA256SUMS", [listed.encode()])
    file.seek(0)
    return file, digest


def _files(evidence: Evidence, links: Iterable[Row]) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "README.txt", [_readme(evidence).encode()]
    yield "history.txt", [_story(evidence).encode()]
    yield "mention.json", [_json(evidence.mention)]
    yield "history.json", [_json(evidence.history)]
    yield "audit.jsonl", (_line(entry) for entry in evidence.entries)
    yield "chain.jsonl", (_line(link) for link in links)
    yield "check.py", [_CHECK.read_bytes()]


def _write(archive: ZipFile, name: str, pieces: Iterable[bytes]) -> str:
    """Returns the SHA-256 of what was written."""
    whole = hashlib.sha256()
    info = ZipInfo(name)  # of 1980, whenever it is packed
    info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as out:
        for piece in pieces:
            whole.update(piece)
            out.write(piece)
    return whole.hexdigest()


def _readme(evidence: Evidence) -> str:
    mention = evidence.mention
    return README.format(
        agency=mention["agency"]["name"],
        agency_id=mention["agency"]["id"],
        client=mention["client"]["name"],
        at=_when(mention["packed_at"]),
        id=mention["id"],
        url=mention["post"]["url"],
        **evidence.head,
    )


def _story(evidence: Evidence) -> str:
    """What happened, a line each."""
    mention, history = evidence.mention, evidence.history
    post = mention["post"]
    author = post["author"]["name"] if post["author"] else "Somebody"
    found = [
        (post["published_at"], f"{author} published the post: {post['url']}"),
        (
            mention["recorded_at"],
            f"Found for {mention['client']['name']}; matched {', '.join(mention['matched'])}",
        ),
        *((m["at"], _moved(m)) for m in history["transitions"]),
        *(
            (e["at"], f"The clock “{e['clock_kind']}” reached {e['step']}")
            for e in history["clock_events"]
            if e["step"]
        ),
        *((x["asked_at"], _excuse_asked(x)) for x in history["excuses"]),
        *((x["decided_at"], _excuse_decided(x)) for x in history["excuses"] if x["decided_at"]),
        *(
            (v["created_at"], f"{v['author_name']} wrote version {v['number']}:\n{v['text']}")
            for v in history["versions"]
        ),
        *((a["requested_at"], f"{a['requested_by']} asked the client") for a in history["approvals"]),
        *(
            (d["at"], f"{d['contact_name']} decided: {d['verdict']} ({d['state']}) {d['comment']}")
            for d in history["decisions"]
        ),
        *(
            (n["sent_at"], f"A mail ({n['kind']}) went to {n['to']}")
            for n in history["notices"]
            if n["sent_at"]
        ),
        *(
            (t["finished_at"], f"Try {t['number']} ({t['what']}): {t['outcome']} {t['error']}")
            for t in history["attempts"]
        ),
        *((p["live_at"], f"The reply was live: {p['url']}") for p in history["publications"] if p["live_at"]),
    ]
    found.sort(key=lambda line: line[0])
    told = [f"{_when(at)}  {_indented(said)}" for at, said in found]
    return "\n".join([*told, "", f"Whose time it was: {history['ledger']['sentence']}", ""])


def _excuse_asked(excuse: Row) -> str:
    clock = f"“{excuse['clock_kind']}” {excuse['instance']}"
    return (
        f"{excuse['asked_by_name']} asked to excuse the clock {clock} ({excuse['reason']}): {excuse['text']}"
    )


def _excuse_decided(excuse: Row) -> str:
    said = f"{excuse['decided_by_name']}: the excuse for “{excuse['clock_kind']}” is {excuse['state']}"
    return f"{said}. {excuse['note']}".strip()


def _moved(move: Row) -> str:
    note = f" ({move['note']})" if move["note"] else ""
    return f"{move['actor_name']}: {move['move']}, {move['from_state']} → {move['to_state']}{note}"


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n" + " " * 21)


def _when(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _json(value: Any) -> bytes:
    return orjson.dumps(
        value, default=_other, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    )


def _line(value: Any) -> bytes:
    return orjson.dumps(value, default=_other, option=orjson.OPT_APPEND_NEWLINE)


def _other(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} has no form in JSON.")

"""Check an evidence pack: run `python3 check.py` in the folder that it was unpacked to. It needs nothing else.

It reckons every hash again and says what it found, ending with 0 where everything holds and with 1 where it doesn't.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILES = (
    "README.txt",
    "audit.jsonl",
    "chain.jsonl",
    "check.py",
    "history.json",
    "history.txt",
    "mention.json",
)
PAYLOAD = (
    *("id", "agency_id", "at", "action", "actor_kind", "actor_id"),
    *("subject_type", "subject_id", "client_id", "who_digest", "what_digest"),
)
DONE = {
    "claim": "claimed",
    "release": "released",
    "submit": "submitted",
    "request_changes": "sent_back",
    "recall": "recalled",
    "approve": "approved",
    "clear": "cleared",
    "revise": "revised",
    "respond": "responded",
    "dismiss": "dismissed",
    "reopen": "reopened",
}


class Wrong(Exception):
    pass


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()


def demand(holds: bool, sentence: str) -> None:
    if not holds:
        raise Wrong(sentence)


def lines(folder: Path, name: str) -> Iterator[tuple[str, Any]]:
    """(where, what is said there) of each line."""
    for number, line in enumerate((folder / name).read_bytes().splitlines(), 1):
        try:
            yield f"{name}, line {number}", json.loads(line)
        except ValueError:
            raise Wrong(f"{name}, line {number} can't be read.") from None


def check_files(folder: Path) -> None:
    """Each file is the one that was packed, and none is missing."""
    sums = {}
    for line in (folder / "SHA256SUMS").read_bytes().decode(errors="replace").split("\n"):
        digest, _, name = line.partition("  ")
        if line:
            sums[name] = digest
    demand(tuple(sorted(sums)) == FILES, "SHA256SUMS doesn't name the files of a pack.")
    for name, digest in sums.items():
        demand((folder / name).is_file(), f"{name} is missing.")
        demand(sha256((folder / name).read_bytes()) == digest, f"{name} isn't the file that was packed.")


def check_chain(folder: Path) -> tuple[dict[int, tuple[str, str]], tuple[int, str]]:
    """Every link follows from the one before. Gives number -> (digest of the payload, hash), and the end."""
    links: dict[int, tuple[str, str]] = {}
    before: tuple[int, str] | None = None
    for where, link in lines(folder, "chain.jsonl"):
        seq, payload, value = link["seq"], link["payload_digest"], link["hash"]
        if before is None and seq == 1:
            before = (0, "0" * 64)
        if before is not None:
            demand(seq == before[0] + 1, f"{where}: link {before[0] + 1} is missing.")
            expected = sha256(f"{before[1]} {seq} {payload}")
            demand(value == expected, f"{where}: link {seq} doesn't follow from the one before.")
            links[seq] = (payload, value)
        before = (seq, value)
    return links, before or (0, "0" * 64)


def check_entries(folder: Path, links: dict[int, tuple[str, str]]) -> list[Any]:
    """Every entry is the one in its link. Gives the entries as they can be read."""
    found = []
    for where, entry in lines(folder, "audit.jsonl"):
        seq = entry["seq"]
        payload = dict(zip(PAYLOAD, json.loads(entry["payload"])))  # noqa: B905  (older Pythons)
        told: dict[str, Any] = {}
        for part in ("who", "what"):
            told[part] = json.loads(entry[part])
            erased = not entry[f"{part}_salt"] and not any(told[part])
            digest = sha256(entry[f"{part}_salt"] + entry[part])
            demand(
                erased or digest == payload[f"{part}_digest"], f"{where}: {part} of entry {seq} was changed."
            )
            told[f"{part}_erased"] = erased
        demand(sha256(entry["payload"]) == entry["payload_digest"], f"{where}: entry {seq} was changed.")
        demand(
            links.get(seq) == (entry["payload_digest"], entry["hash"]),
            f"{where}: entry {seq} isn't the one in the chain.",
        )
        found.append({**payload, **told, "seq": seq})
    return found


def check_history(mention: Any, history: Any, entries: list[Any]) -> None:
    """What is told of the mention is what the chain holds."""
    post = mention["post"]
    demand(
        sha256(post["text"]) == post["text_sha256"],
        "mention.json: the post's text isn't the one that was seen.",
    )
    of_mention = [entry for entry in entries if not entry["what_erased"]]
    drafted: dict[int, set[str]] = {}
    for entry in of_mention:
        if entry["action"] == "reply.drafted":
            drafted.setdefault(entry["what"][1]["version"], set()).add(entry["what"][1]["text"])
    versions = {}
    for version in history["versions"]:
        name = f"history.json: version {version['number']}"
        pinned = {key: version[key] for key in ("number", "text", "target_url", "post_hash", "lane")}
        pinned["response"] = version["response_id"]
        text = json.dumps(pinned, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        demand(sha256(text) == version["digest"], f"{name} isn't what its digest says.")
        if version["number"] in drafted:
            demand(version["text"] in drafted[version["number"]], f"{name} isn't what the log says.")
        versions[version["id"]] = version["digest"]
    for decision in history["decisions"]:
        demand(
            versions.get(decision["version_id"]) == decision["digest"],
            f"history.json: the decision of {decision['at']} isn't about the version that it names.",
        )
    any_erased = len(of_mention) != len(entries)
    decided = {
        (entry["actor_id"], *(entry["what"][1].get(name) for name in ("verdict", "digest", "comment")))
        for entry in of_mention
        if entry["action"] == "approval.decided"
    }
    told_of = {
        tuple(decision[name] for name in ("contact_id", "verdict", "digest", "comment"))
        for decision in history["decisions"]
    }
    demand(decided <= told_of, "history.json: a decision that the log tells of is left out, or changed.")
    demand(told_of <= decided or any_erased, "history.json: the log doesn't tell of each decision.")
    for publication in history["publications"]:
        demand(
            versions.get(publication["version_id"]) == publication["approved_digest"],
            f"history.json: what was published isn't what was approved ({publication['id']}).",
        )
    moved = {
        (
            entry["action"],
            entry["what"][1].get("version"),
            entry["what"][1].get("from"),
            entry["what"][1].get("to"),
        )
        for entry in of_mention
    }
    for move in history["transitions"]:
        told = (f"mention.{DONE[move['move']]}", move["version"], move["from_state"], move["to_state"])
        demand(
            told in moved or any_erased,
            f"history.json: the log has no move {move['version']}, {move['move']}.",
        )


def main() -> int:
    folder = Path(__file__).resolve().parent
    try:
        check_files(folder)
        links, end = check_chain(folder)
        entries = check_entries(folder, links)
        mention = json.loads((folder / "mention.json").read_bytes())
        history = json.loads((folder / "history.json").read_bytes())
        check_history(mention, history, entries)
    except Wrong as wrong:
        print(f"THIS DOES NOT HOLD. {wrong}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        print(f"THIS DOES NOT HOLD. The pack can't be read: {type(error).__name__}: {error}")
        return 1
    erased = sum(entry["who_erased"] or entry["what_erased"] for entry in entries)
    print(f"This holds: mention {mention['id']} of {mention['client']['name']}.")
    some = {name: len(history[name]) for name in ("transitions", "versions", "decisions")}
    print(
        f"Entries of the log: {len(entries)} ({erased} with erased text). Links of the chain: {len(links)}."
    )
    print(f"Moves: {some['transitions']}. Versions: {some['versions']}. Decisions: {some['decisions']}.")
    print(f"The chain ends at entry {end[0]} with the hash {end[1]}.")
    print(
        "Compare that hash with one that you noted, or ask the agency: manage.py verify_audit --agency "
        f"{mention['agency']['id']} --head {end[1]}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

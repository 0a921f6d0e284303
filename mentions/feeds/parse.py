"""Reading a feed safely: the parser runs in a child process with little memory and time."""

import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from mentions.feeds.entries import DEFAULT_LIMITS, Feed, FeedError, Limits, entry_from_json

_ROOT = Path(__file__).resolve().parents[2]
# Only what a Python may need to find its libraries: the child has no use for our secrets.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_OUT_OF_TIME = -signal.SIGXCPU


def parse_feed(body: bytes, *, content_type: str, base_url: str, limits: Limits = DEFAULT_LIMITS) -> Feed:
    """The entries of an RSS, Atom or JSON feed. Takes about 150 ms, most of it the child's start.

    Args:
        content_type: the header, for its charset; the format is told by the body.
        base_url: where the body came from; links are resolved against it.

    Raises:
        FeedError: whatever goes wrong with it, the child's death included.
    """
    question = {"content_type": content_type, "base_url": base_url, "limits": asdict(limits)}
    answer = _ask_child(orjson.dumps(question) + b"\n" + body, limits)
    try:
        if error := answer.get("error"):
            raise FeedError(error["code"], error["sentence"], suggestion=error["suggestion"])
        feed = answer["feed"]
        return Feed(title=feed["title"], entries=tuple(map(entry_from_json, feed["entries"])))
    except (KeyError, TypeError, ValueError) as error:
        raise _crashed() from error


def _ask_child(question: bytes, limits: Limits) -> dict[str, dict[str, Any]]:
    try:
        child = subprocess.run(
            [sys.executable, "-E", "-s", "-m", "mentions.feeds.child"],
            input=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_slow(limits) from error
    except OSError as error:
        raise _crashed() from error
    if child.returncode == _OUT_OF_TIME:
        raise _too_slow(limits)
    try:
        answer: dict[str, dict[str, Any]] = orjson.loads(child.stdout)
    except orjson.JSONDecodeError as error:
        raise _crashed() from error
    return answer


def _too_slow(limits: Limits) -> FeedError:
    return FeedError("too_slow", f"The feed takes longer than {limits.seconds:g} seconds to read.")


def _crashed() -> FeedError:
    return FeedError("crashed", "The feed could not be read: its reader gave up on it.")

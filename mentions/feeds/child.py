"""The process that reads one feed and ends: `python -m mentions.feeds.child`.

Parsers of hostile input take all the memory and time that they can get, so they get little, and a
process of their own. In: a line of JSON (`content_type`, `base_url`, `limits`), then the body. Out:
JSON, `{"feed": {"title", "entries"}}` or `{"error": {"code", "sentence", "suggestion"}}`.
"""

import json
import math
import resource
import sys
from typing import Any

from mentions.feeds.entries import FeedError, Limits, entry_to_json
from mentions.feeds.read import read_feed


def main() -> None:
    request = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**request["limits"])
    _limit_this_process(limits)
    json.dump(_answer(sys.stdin.buffer.read(), request, limits), sys.stdout)


def _limit_this_process(limits: Limits) -> None:
    seconds = math.ceil(limits.seconds)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(body: bytes, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    try:
        content_type, base_url = request["content_type"], request["base_url"]
        feed = read_feed(body, content_type=content_type, base_url=base_url, limits=limits)
        return {"feed": {"title": feed.title, "entries": [*map(entry_to_json, feed.entries)]}}
    except FeedError as error:
        return _refusal(error.code, error.sentence, error.suggestion)
    except MemoryError:
        return _refusal("too_much_memory", "The feed takes too much memory to read.")
    except Exception:
        # feedparser raises whatever the input makes it trip over; that is the input's fault.
        return _refusal("malformed", "The feed is broken in a way that can't be read.")


def _refusal(code: str, sentence: str, suggestion: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "sentence": sentence, "suggestion": suggestion}}


if __name__ == "__main__":
    main()

"""A forum of its own for one run of the demo: a real HTTP server with a feed, which takes replies."""

from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self
from urllib.parse import parse_qs, urlsplit

import orjson

from config.demo.feed import feed
from config.demo.posts import Said


@dataclass
class Reply:
    key: str
    target: str
    text: str


@dataclass
class Forum:
    """Serves `posts`, and keeps what is posted in `replies`."""

    posts: tuple[Said, ...]
    began: datetime
    replies: list[Reply] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, body: bytes) -> Reply:
        """Keep a reply, once a key. Raises ValueError or KeyError for a body that isn't one."""
        sent = orjson.loads(body)
        reply = Reply(str(sent["key"]), str(sent["in_reply_to"]), str(sent["text"]))
        if all(known.key != reply.key for known in self.replies):
            self.replies.append(reply)
        return reply

    def receipt(self, reply: Reply) -> bytes:
        return orjson.dumps({"id": reply.key, "url": f"{reply.target}#reply-{reply.key}"})


def _handler(forum: Forum) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == "/feed.xml":
                return self._answer(
                    200, feed(forum.posts, base_url=forum.url, began=forum.began), "application/rss+xml"
                )
            key = parse_qs(asked.query).get("key", [""])[0]
            found = next((reply for reply in forum.replies if reply.key == key), None)
            if asked.path == "/replies" and found:
                return self._answer(200, forum.receipt(found), "application/json")
            return self._answer(404, b"{}", "application/json")

        def do_POST(self) -> None:
            try:
                reply = forum.take(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            except (ValueError, KeyError, TypeError):
                return self._answer(400, b"{}", "application/json")
            return self._answer(201, forum.receipt(reply), "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The demo tells its own story."""

    return Handler

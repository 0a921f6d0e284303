"""The application's pages over real HTTP, served by threads of the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """What is asked for is no news in a test."""


@contextmanager
def serve() -> Iterator[str]:
    """The address, such as http://127.0.0.1:41234. Whoever calls has really committed what the pages should show."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    # Not config.wsgi: loading it sets Django up again, and with it the logging that tests/leaks.py listens to.
    server.set_app(WSGIHandler())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

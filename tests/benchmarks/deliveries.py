"""Webhook deliveries a second by the real path (claim, post, record), against the same posts by the HTTP client alone.

uv run python -m tests.benchmarks.deliveries [--quick]
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

from tests.benchmarks.ground import ground, say, tell

TARGET = 0.15


class _Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def measure(deliveries: int) -> bool:
    """Says the figure; for others to call, once Django is set up, on a database of their own."""
    from agency.messengers.signed import post_signed, signed_headers  # noqa: PLC0415

    server = _Server(("127.0.0.1", 0), _Sink)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        send, secret, body = _prepare(url, deliveries)

        def bare() -> None:
            for n in range(deliveries):
                headers = signed_headers(str(UUID(int=n)), body, at=datetime.now(UTC), by=[secret])
                post_signed(url, body, headers)

        bare_seconds, seconds = _timed(bare), _timed(send)
    finally:
        server.shutdown()
        server.server_close()
    tell(f"{deliveries} deliveries by one worker: {seconds:.1f} s, bare posts {bare_seconds:.1f} s")
    return say(
        "webhook deliveries by one worker",
        deliveries / seconds,
        "deliveries/s",
        limit=deliveries / bare_seconds,
        target=TARGET,
        at_least=True,
    )


def _timed(call: Callable[[], None]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _prepare(url: str, deliveries: int) -> tuple[Callable[[], None], str, bytes]:
    """Events that wait for a webhook, and what sends them all as the task does."""
    from agency import clock  # noqa: PLC0415
    from agency.actions.events import emit_many, make_event  # noqa: PLC0415
    from agency.actions.webhooks.bodies import body_of  # noqa: PLC0415
    from agency.actions.webhooks.endpoints import add_endpoint  # noqa: PLC0415
    from agency.actions.webhooks.sending import send_due  # noqa: PLC0415
    from agency.models import Membership, WebhookDelivery  # noqa: PLC0415
    from agency.queries.people import actor_of_member  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415
    from workflows.actions.onboarding import open_agency  # noqa: PLC0415

    now = clock.now()
    agency, member = open_agency(
        name="Post office",
        time_zone="UTC",
        owner_email="ana@post.example",
        owner_name="Ana",
        now=now,
        invite=False,
    )
    ana = actor_of_member(Membership.objects.select_related("user").get(pk=member.pk))
    with tenant(agency.pk):
        endpoint, secret = add_endpoint(name="Sink", url=url, types=[], clients=None, by=ana, now=now)
    with tenant(agency.pk):
        emit_many(
            make_event("member.added", subject=member, now=now, data={"role": "analyst"})
            for _ in range(deliveries)
        )
    with tenant(agency.pk):
        body = body_of(WebhookDelivery.objects.order_by("id")[0], endpoint) or b""

    def send() -> None:
        while send_due(agency.pk, endpoint.pk, clock=clock.now):
            pass
        with tenant(agency.pk):
            arrived = WebhookDelivery.objects.filter(state=WebhookDelivery.State.DELIVERED).count()
        if arrived != deliveries:
            raise RuntimeError(f"{arrived} of {deliveries} arrived.")

    return send, secret, body


def main() -> int:
    with ground(__doc__ or "") as here:
        return 0 if measure(200 if here.quick else 2000) else 1


if __name__ == "__main__":
    sys.exit(main())

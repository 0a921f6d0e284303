"""Asks a web process whether it serves."""

import http.client
from urllib.parse import urlsplit

from config.launcher.ports import LOOPBACK

PATH = "/healthz"
# What to connect to where a server listens on every address.
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}  # noqa: S104


def is_healthy(host: str, port: int, *, base_url: str) -> bool:
    """Whether the process that listens there answers 200 when asked by its public name."""
    connection = http.client.HTTPConnection(EVERYWHERE.get(host, host), port, timeout=2.0)
    try:
        connection.request("GET", PATH, headers={"Host": urlsplit(base_url).netloc})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

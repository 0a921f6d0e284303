"""Ports to listen on."""

import errno
import socket

from config.launcher.errors import LauncherError

LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server((host, 0), family=_family(host)) as server:
        return int(server.getsockname()[1])


def check_port(host: str, port: int) -> None:
    """See that we can listen there.

    Raises:
        LauncherError: we can't; the message says why and what to do.
    """
    if not 1 <= port <= 65535:
        raise LauncherError(f"--port must be between 1 and 65535, not {port}.")
    try:
        with socket.create_server((host, port), family=_family(host)):
            return
    except PermissionError as error:
        raise LauncherError(
            f"This user may not open port {port}. Choose one above 1023, such as --port 8000."
        ) from error
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno != errno.EADDRINUSE:
            raise LauncherError(f"{host} isn't an address of this machine. Choose another --host.") from error
        raise LauncherError(
            f"Port {port} is taken by another program. Choose another: --port {free_port(host)}."
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

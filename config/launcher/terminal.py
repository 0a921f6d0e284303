"""Lines for the person at the terminal."""

import io
import os
import sys


class Terminal:
    """Writes whole lines at once, and goes on without a reader when the other end is closed."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")

    def write(self, line: str) -> None:
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except OSError:
            # Nobody reads any more (`up | head`). What still runs matters more than what it says.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)

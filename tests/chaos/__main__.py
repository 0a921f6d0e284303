"""Runs by name what breaks things on purpose, on servers of its own: python -m tests.chaos NAME [--quick | --short]"""

import argparse
import os
import sys

from tests import process
from tests.chaos import retries, sla


def _webhooks(owner_url: str, size: str) -> bool:
    """Events on their way out, and then calls on their way in."""
    from tests.chaos import webhooks  # noqa: PLC0415  (Django is set up by now)

    delivered = webhooks.run(owner_url, size)
    return retries.run(owner_url, size) and delivered


RUNS = {"retries": retries.run, "sla": sla.run, "webhooks": _webhooks}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("name", choices=sorted(RUNS))
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--short", action="store_true", help="a few seconds, as in the suite")
    options = parser.parse_args()
    size = "short" if options.short else "quick" if options.quick else "whole"
    try:
        process.begin()
        return 0 if RUNS[options.name](os.environ["EARSHOT_TEST_OWN_URL"], size) else 1
    finally:
        process.end()


if __name__ == "__main__":
    sys.exit(main())

"""Runs by name what breaks things on purpose, on servers of its own: python -m tests.chaos NAME [--quick | --short]"""

import argparse
import os
import sys

from tests import process
from tests.chaos import sla

RUNS = {"sla": sla.run}


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

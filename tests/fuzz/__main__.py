"""Sends the served application what nobody would: python -m tests.fuzz [--cases 20000] [--seed N] [--workers 2]

Three callers (an owner's key, a key limited to one client, somebody of elsewhere) send what schemathesis makes of the
API's document. Nothing may fail, and every answer must be one that the document describes.
"""

import argparse
import logging
import sys
import warnings

from tests import process


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="in all (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same one sends the same (default: %(default)s)"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that call (default: %(default)s)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        process.begin()
        logging.disable(logging.ERROR)
        return _run(options.cases, options.seed, options.workers)
    finally:
        process.end()


def _run(count: int, seed: int, workers: int) -> int:
    # Django is set up by now.
    from tests.fuzz.crowd import run  # noqa: PLC0415
    from tests.fuzz.served import served  # noqa: PLC0415

    with served(workers=workers) as address:
        told = run(address, count=count, seed=seed, workers=workers)
    statuses = ", ".join(f"{status}: {times:,}" for status, times in sorted(told.statuses.items()))
    print(
        f"fuzz: {told.cases:,} cases of {len(told.calls)} operations in {told.seconds:,.0f} s with seed {seed}:"
        f" {told.failures} 5xx, {told.undocumented} undocumented ({statuses})"
    )
    for finding in sorted(told.findings.values(), key=lambda found: (-found.status, found.kind, found.call)):
        print(f"\n{finding}")
    return 1 if told.findings else 0


if __name__ == "__main__":
    sys.exit(main())

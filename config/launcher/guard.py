"""Ends what a launcher left behind: reads which process groups to watch, acts at the end of input.

`+ GROUP SIGNAL GRACE` on a line watches a group, `- GROUP` forgets it. The input is a pipe that
only the launcher holds, so it ends exactly when the launcher is gone, even by SIGKILL. Then each
group that is still watched gets its signal, and SIGKILL when its grace (seconds) is over. It works
where death signals don't: for grandchildren, and on systems that have none.
"""

import os
import signal
import sys
import time


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: dict[int, tuple[int, float]] = {}
    for line in sys.stdin:
        verb, group, *rest = line.split()
        if verb == "+":
            watched[int(group)] = (int(rest[0]), float(rest[1]))
        else:
            watched.pop(int(group), None)
    end(watched)


def end(watched: dict[int, tuple[int, float]]) -> None:
    started = time.monotonic()
    left = {group: grace for group, (number, grace) in watched.items() if reaches(group, number)}
    while left:
        time.sleep(0.1)
        passed = time.monotonic() - started
        for group, grace in list(left.items()):
            if not reaches(group, 0):
                del left[group]
            elif passed > grace:
                reaches(group, signal.SIGKILL)
                del left[group]


def reaches(group: int, number: int) -> bool:
    """Send the signal to the group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()

"""Becomes another program: `shim.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM [ARGUMENT...]`.

Run as a script of its own between fork and exec, because there is no safe place for this in a
process that may have threads. UID and GID are -1 where the user stays the same. The order matters:
a change of user clears the death signal, so it comes first.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, uid, gid = (int(word) for word in sys.argv[1:5])
    command = sys.argv[5:]
    # Started by `nohup` or in a script's background, we would pass on signals that are ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # It died before we asked to be told.
            sys.exit(1)
    try:
        os.execve(command[0], command, os.environ)
    except OSError as error:
        sys.exit(f"{command[0]} can't be started: {error.strerror}.")


if __name__ == "__main__":
    main()

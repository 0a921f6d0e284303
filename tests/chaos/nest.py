"""Starts `manage.py sweeper` at once: a process that has loaded everything, and forks one for each line that it reads.

A start from nothing takes seconds of a processor; killing one every quarter of a second needs starts that don't. The
child is the command itself, with connections of its own. Answers with the child's process id.
"""

import os
import signal
import sys

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from config.management.commands.sweeper import Command  # noqa: PLC0415  (Django is set up by now)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed is gone, and leaves nothing to wait for
    command = Command()
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            _be(command)
        print(pid, flush=True)


def _be(command: object) -> None:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        call_command(command)
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()

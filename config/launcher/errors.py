"""What can stop the launcher, said to a person at a terminal."""


class LauncherError(Exception):
    """The launcher can't go on; the message is a sentence that says what to do."""


class StopRequested(Exception):
    """Somebody asked us to stop (Ctrl-C, SIGTERM, SIGHUP) while we were waiting for something."""

"""The log file of an embedded server."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.launcher.errors import LauncherError

LARGEST = 5_000_000
TAIL_LINES = 15


@dataclass
class Log:
    path: Path
    _mark: int = field(default=0, init=False)

    def open(self) -> IO[bytes]:
        """For appending; what was written before is not part of the story that a failure tells."""
        if self.path.exists() and self.path.stat().st_size > LARGEST:
            self.path.replace(self.path.with_suffix(".old.log"))
        file = self.path.open("ab")
        self.path.chmod(0o600)
        self._mark = file.tell()
        return file

    def since_mark(self) -> str:
        with self.path.open("rb") as file:
            file.seek(self._mark)
            return file.read().decode(errors="replace")

    def failure(self, sentence: str) -> LauncherError:
        """The sentence, with the end of the log below it."""
        lines = self.since_mark().splitlines()[-TAIL_LINES:]
        tail = "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
        return LauncherError(f"{sentence} The end of its log, {self.path}:\n{tail}")

"""Where mail goes when no mail server is set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend

from agency.ids import new_id


class ConsoleAndFolder(EmailBackend):
    """Writes each message to the console, and to a file of its own in the data folder's `mail`.

    The file's name begins with a time-ordered id, so the newest message is the last by name.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = settings.MAIL_DIR
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            for message in email_messages:
                (Path(folder) / f"{new_id()}.eml").write_bytes(message.message().as_bytes())
        return int(super().send_messages(email_messages) or 0)

    def write_message(self, message: Any) -> None:
        self.stream.write(f"Mail to {', '.join(message.to)}: {message.subject}\n{message.body}\n")

"""The whole suite's log, searched for every secret that was made while it ran.

Each test process keeps what its loggers wrote, as the installation would write it (after the masking), and notes each
secret where it is made: keys' and links' tokens, passwords, session keys, reset keys, what the vault seals. At the end
none of them may be in the log.
"""

import logging
import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from ahocorasick_rs import AhoCorasick
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# Shorter ones, and those of fewer different signs, could be in a log by chance.
LEAST, VARIED = 10, 6
# Dates that tests type into every field, sealed ones too.
TYPED = {"0513-10-31T14:30:59+19:11", "9999-12-31T23:59:59-23:59"}


def _temporary() -> Any:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


@dataclass
class Watch:
    """What this process logged, and its secrets: text → who made it."""

    known: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    _file: Any = field(default_factory=_temporary)

    def note(self, secret: object, maker: str) -> None:
        if isinstance(secret, bytes):
            secret = secret.decode("utf-8", "replace")
        if (
            isinstance(secret, str)
            and secret not in TYPED
            and len(secret) >= LEAST
            and len(set(secret)) >= VARIED
        ):
            self.known.setdefault(secret, maker)

    def write(self, line: str) -> None:
        self.lines += 1
        self._file.write(f"{line}\n")

    def found(self) -> list[str]:
        """Lines that hold a secret, with the secret's maker in its place."""
        if not self.known:
            return []
        search = AhoCorasick(list(self.known))
        self._file.seek(0)
        leaks = []
        for line in self._file:
            leaks += [
                line.strip()[:2000].replace(secret, f"«secret of {self.known[secret]}»")
                for secret in set(search.find_matches_as_strings(line))
            ]
        self._file.seek(0, 2)
        return leaks

    def is_listening(self) -> bool:
        """Whether the log still comes here: setting the logging up again would send it elsewhere."""
        keepers = (handler for handler in logging.getLogger().handlers if isinstance(handler, Keeper))
        return any(keeper.watch is self for keeper in keepers)

    def close(self) -> None:
        self._file.close()


class Keeper(logging.Handler):
    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.NOTSET)
        self.watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self.watch.write(self.format(record))


def begin(watch: Watch) -> None:
    """After Django's setup: keep what is logged at INFO (ours at DEBUG), and note what is made."""
    root = logging.getLogger()
    keeper = Keeper(watch)
    for console in root.handlers:
        if keeper.formatter is None:
            keeper.setFormatter(console.formatter)
        # As quiet for people as it was.
        console.setLevel(logging.ERROR)
    root.addHandler(keeper)
    root.setLevel(logging.INFO)
    for name, level in (("earshot", logging.DEBUG), ("django_structlog", logging.INFO)):
        logging.getLogger(name).setLevel(level)
    _note_what_is_made(watch)


def _note_what_is_made(watch: Watch) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: PLC0415
    from django.contrib.auth.tokens import PasswordResetTokenGenerator  # noqa: PLC0415
    from django.contrib.sessions.backends.base import SessionBase  # noqa: PLC0415

    import agency.vault  # noqa: PLC0415

    secrets.token_urlsafe = _noted(secrets.token_urlsafe, watch)
    SessionBase._get_new_session_key = _noted(SessionBase._get_new_session_key, watch)  # type: ignore[method-assign]
    PasswordResetTokenGenerator.make_token = _noted(PasswordResetTokenGenerator.make_token, watch)  # type: ignore[method-assign]
    for name in ("encode", "verify"):
        setattr(Argon2PasswordHasher, name, _given(getattr(Argon2PasswordHasher, name), watch, 1))

    class Sealing:
        """What goes into the vault is as secret as what comes out of it."""

        def __init__(self, key: bytes) -> None:
            self._cipher = AESGCM(key)

        def encrypt(self, nonce: Any, data: Any, associated_data: Any) -> bytes:
            watch.note(data, "the vault")
            return self._cipher.encrypt(nonce, data, associated_data)

        def decrypt(self, *args: Any) -> bytes:
            return self._cipher.decrypt(*args)

    agency.vault.AESGCM = Sealing  # type: ignore[assignment,misc]


def _noted(make: Callable[..., Any], watch: Watch) -> Any:
    """Note what it returns."""

    @wraps(make)
    def noting(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        watch.note(made, sys._getframe(1).f_globals.get("__name__", "?"))
        return made

    return noting


def _given(take: Callable[..., Any], watch: Watch, place: int) -> Any:
    """Note what it is given there."""

    @wraps(take)
    def noting(*args: Any, **kwargs: Any) -> Any:
        watch.note(args[place] if len(args) > place else "", "a person's password")
        return take(*args, **kwargs)

    return noting

"""A source's secret settings: sealed in its row, opened only where its platform is called, and never shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from agency.sealed import context_of, opened, put
from agency.vault import VaultError, unseal
from mentions.models import Source

COLUMN = "secrets"


@dataclass(frozen=True, slots=True)
class Locked:
    """A source's settings outside of its row, the secret ones still sealed."""

    shown: Mapping[str, Any]
    sealed: str = field(repr=False)
    context: str = ""

    def open(self) -> dict[str, Any]:
        """All settings.

        Raises:
            VaultError: the secret ones can't be opened.
        """
        secrets = orjson.loads(unseal(self.sealed, context=self.context)) if self.sealed else {}
        return {**self.shown, **secrets}

    def same(self, other: "Locked") -> bool:
        """Whether both say the same; keys that were rotated in between change nothing."""
        if self.shown != other.shown or self.sealed == other.sealed:
            return self.shown == other.shown
        try:
            return self.open() == other.open()
        except VaultError:
            return False


def locked(source: Source) -> Locked:
    return Locked(source.settings, source.secrets, context_of(source, COLUMN))


def secrets_of(source: Source) -> dict[str, str]:
    """Raises: VaultError."""
    text = opened(source, COLUMN)
    return dict(orjson.loads(text)) if text else {}


def put_secrets(source: Source, secrets: Mapping[str, str]) -> None:
    """Seal these, and no others, in the source's row; which ones there are is said beside them."""
    source.secret_names = sorted(secrets)
    put(source, COLUMN, orjson.dumps(dict(secrets)).decode() if secrets else "")

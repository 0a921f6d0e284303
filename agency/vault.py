"""The vault: secrets that must be read again (tokens, passwords) are stored sealed, never as they are.

A sealed value opens only with its key and in its own place: the context, such as
`agency:<id>:source:<id>:secrets`, is authenticated with it, so that a value copied to another row or
another agency refuses. Format: `v1.<key id>.<base64url of nonce, ciphertext and tag>`, AES-256-GCM.
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from agency.errors import DomainError

log = structlog.get_logger("earshot.vault")

VERSION = "v1"
# A bare secret isn't stretched, so it must be long enough to be out of reach of guessing.
LEAST_SECRET = 32
_NONCE, _TAG = 12, 16
_SEALED = re.compile(r"v1\.([a-z0-9-]{1,32})\.([A-Za-z0-9_-]+)")
_KEY_ID = re.compile(r"[a-z0-9-]{1,32}")


class VaultError(DomainError):
    """A stored secret can't be opened; the sentence says to an operator why, and holds nothing of the secret."""

    code, status, title = "vault", 500, "A stored secret can't be opened"


class VaultKeyMissing(VaultError):
    """Sealed by a key that this process wasn't given."""

    code = "vault_key_missing"

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(
            f"A stored secret was sealed with the key “{key_id}”, which this installation no longer has. "
            "Put that key back into EARSHOT_VAULT_KEYS, or enter the secret again."
        )


class VaultRefused(VaultError):
    """The key is there, but what was stored isn't what it sealed in this place."""

    code = "vault_refused"

    def __init__(self) -> None:
        super().__init__(
            "A stored secret was changed or belongs elsewhere, so it doesn't open. Enter it again."
        )


class BadVaultKey(ValueError):
    """EARSHOT_VAULT_KEYS holds something that is no key; the message names the entry by its number."""


@dataclass(frozen=True, slots=True)
class VaultKey:
    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys open, the first one seals."""

    first: str
    keys: Mapping[str, bytes] = field(repr=False)


def seal(text: str, *, context: str) -> str:
    """Seal a text for its place. The same text sealed twice looks different."""
    ring = key_ring()
    nonce = os.urandom(_NONCE)
    cipher = AESGCM(ring.keys[ring.first])
    box = nonce + cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), _bound(ring.first, context))
    return f"{VERSION}.{ring.first}.{base64.urlsafe_b64encode(box).rstrip(b'=').decode()}"


def unseal(sealed: str, *, context: str) -> str:
    """The text.

    Raises:
        VaultKeyMissing: sealed by a key that isn't among ours.
        VaultRefused: changed, or copied here from another place.
    """
    try:
        return _open(sealed, context)
    except VaultError as error:
        log.error("secret not opened", code=error.code, context=context, reason=error.message)
        raise


def key_id(sealed: str) -> str:
    """The id of the key that sealed it. Raises VaultRefused: it isn't sealed."""
    match = _SEALED.fullmatch(sealed)
    if match is None:
        raise VaultRefused
    return match[1]


def is_sealed(text: str) -> bool:
    return _SEALED.fullmatch(text) is not None


def reseal(sealed: str, *, context: str) -> str:
    """The same text under the first key."""
    return seal(unseal(sealed, context=context), context=context)


def first_key_id() -> str:
    return key_ring().first


def make_key(identifier: str) -> str:
    """A new random key, as an entry of EARSHOT_VAULT_KEYS."""
    if not _KEY_ID.fullmatch(identifier):
        raise BadVaultKey("A key's id is 1 to 32 small letters, digits and hyphens.")
    return f"{identifier}:{base64.b64encode(os.urandom(32)).decode()}"


def key_ring() -> KeyRing:
    return _key_ring(
        tuple(settings.VAULT_KEYS), (settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", []))
    )


@lru_cache(maxsize=8)
def _key_ring(entries: tuple[str, ...], secret_keys: tuple[str, ...]) -> KeyRing:
    """Keys derived from SECRET_KEY always open, so that an installation may begin without keys of its own."""
    ring: dict[str, bytes] = {}
    for number, entry in enumerate(entries, start=1):
        key = parse_key(entry, number)
        if key.id in ring:
            raise BadVaultKey(f"EARSHOT_VAULT_KEYS names the key “{key.id}” twice.")
        ring[key.id] = key.secret
    for secret in secret_keys:
        key = _derived("secret-key", secret)
        ring.setdefault(key.id, key.secret)
    return KeyRing(next(iter(ring)), ring)


def parse_key(entry: str, number: int) -> VaultKey:
    """One entry of EARSHOT_VAULT_KEYS: `id:base64 of 32 bytes`, or a long secret to derive both from.

    Raises:
        BadVaultKey: neither.
    """
    identifier, colon, encoded = entry.partition(":")
    if not colon:
        if len(entry) < LEAST_SECRET:
            raise BadVaultKey(
                f"Entry {number} of EARSHOT_VAULT_KEYS is too short: a secret needs at least "
                f"{LEAST_SECRET} characters, or make a key with `manage.py make_vault_key`."
            )
        return _derived("vault", entry)
    try:
        secret = base64.b64decode(encoded, altchars=b"-_" if {*"-_"} & {*encoded} else None, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != 32 or not _KEY_ID.fullmatch(identifier):
        raise BadVaultKey(
            f"Entry {number} of EARSHOT_VAULT_KEYS isn't a key. It must be an id, a colon and 32 bytes in base64: "
            "make one with `manage.py make_vault_key`."
        )
    return VaultKey(identifier, secret)


def _derived(label: str, secret: str) -> VaultKey:
    def derive(purpose: str, length: int) -> bytes:
        info = f"earshot {label} {purpose}".encode()
        return HKDF(SHA256(), length, salt=b"earshot.vault.v1", info=info).derive(secret.encode())

    return VaultKey(f"{label}-{derive('id', 5).hex()}", derive("key", 32))


def _open(sealed: str, context: str) -> str:
    match = _SEALED.fullmatch(sealed)
    if match is None:
        raise VaultRefused
    identifier, encoded = match.groups()
    secret = key_ring().keys.get(identifier)
    if secret is None:
        raise VaultKeyMissing(identifier)
    try:
        box = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        opened = AESGCM(secret).decrypt(box[:_NONCE], box[_NONCE:], _bound(identifier, context))
    except (InvalidTag, ValueError):
        raise VaultRefused from None
    # Base64 has several spellings of the same bytes at its end: only the one that we write is ours.
    if base64.urlsafe_b64encode(box).rstrip(b"=").decode() != encoded:
        raise VaultRefused
    return opened.decode("utf-8", "surrogatepass")


def _bound(identifier: str, context: str) -> bytes:
    """What a sealed value is tied to: the format, the key and the place."""
    return f"earshot {VERSION} {identifier} {context}".encode()

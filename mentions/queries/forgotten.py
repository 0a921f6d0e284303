"""What must not be collected again: known by keyed digests alone."""

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from django.db import connection

from agency.models import Agency
from agency.tenancy import current_agency
from mentions.models import ForgottenAuthor, PastMention


@lru_cache(maxsize=4096)
def _salt(agency_id: UUID) -> bytes:
    # Made with the agency, and never changed.
    return str(Agency.objects.values_list("salt", flat=True).get(pk=agency_id)).encode()


def digest_of(key: str) -> str:
    """A key under the salt of the agency that was entered: elsewhere the same key has another digest."""
    return hmac.new(_salt(current_agency()), key.encode(), hashlib.sha256).hexdigest()


def hold_memory(*, change: bool) -> None:
    """Until the transaction ends, nothing is forgotten while a page is recorded (`change` False), and the other way round.

    So a page that was looked at before somebody was forgotten can't bring them back after.
    """
    lock = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 7))", [f"memory of {current_agency()}"])


def forgotten_among(platform: str, keys: Iterable[str]) -> set[str]:
    """Those of these authors' keys that belong to forgotten accounts. One query, whatever their number."""
    by_digest = {digest_of(key): key for key in keys if key}
    if not by_digest:
        return set()
    found = ForgottenAuthor.objects.filter(platform=platform, digest__in=list(by_digest))
    return {by_digest[digest] for digest in found.values_list("digest", flat=True)}


def past_among(clients: Iterable[UUID], key_hashes: Iterable[str]) -> set[tuple[UUID, str]]:
    """(client, post's key hash) of mentions that were there, and were deleted when their time was over."""
    by_digest = {digest_of(key): key for key in key_hashes}
    found = PastMention.objects.filter(client_id__in=list(clients), digest__in=list(by_digest))
    return {(client_id, by_digest[digest]) for client_id, digest in found.values_list("client_id", "digest")}

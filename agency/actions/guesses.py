"""Guesses at passwords and codes: counted in the database before anything is compared, and refused beyond a few.

Three counts within a quarter of an hour, by `AccessAttempt` rows of one account from one address:

- 5 at one account from one address, so that guessing is hopeless;
- 30 from one address at all accounts together, so that one machine can't try a leaked list on everybody;
- 50 at one account from everywhere, so that a thousand machines can't either.

The last two could keep somebody out who did nothing wrong. So a browser in which the person has signed in before counts by
itself (10), whatever others do: it shows a signed cookie, which nobody else has. A refused guess counts nothing and
prolongs nothing: after a quarter of an hour at the latest the right password works again. A new password by mail ends it
at once.

Accounts that don't exist are counted just alike.
"""

import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from axes.models import AccessAttempt
from django.db import transaction
from django.db.models import Q

WINDOW = timedelta(minutes=15)
OF_ACCOUNT_FROM_ADDRESS = 5
OF_ADDRESS = 30
OF_ACCOUNT = 50
OF_DEVICE = 10
# Guesses at a second factor: whoever makes them knows the password already.
OF_CODES = 10


Row = tuple[str | None, str | None, int, datetime]  # account, network, guesses, the last one


@dataclass(frozen=True, slots=True)
class Guess:
    """Where it came from, and at what: `account` as it was typed; `device` of a browser that the account is known in."""

    account: str
    address: str
    device: str = ""
    code: bool = False

    @property
    def key(self) -> str:
        return f"{'code ' if self.code else ''}{account_key(self.account)}"[:255]

    @property
    def limit(self) -> int:
        return OF_DEVICE if self.device else OF_ACCOUNT_FROM_ADDRESS

    @property
    def network(self) -> str:
        return network(self.address)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait` None: it may be looked at. `is_first`: nobody was told yet that guessing was stopped."""

    wait: timedelta | None = None
    is_first: bool = False


def account_key(typed: str) -> str:
    """One key for all spellings by which the database finds the same account: ſ and S, ı and I are one there."""
    return unicodedata.normalize("NFKC", typed).strip().upper().casefold()


@lru_cache(maxsize=1024)
def network(address: str) -> str:
    """The address; of IPv6 its /64, which one machine has to itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "0.0.0.0"  # noqa: S104  (no address that anybody listens on: all unknown ones together)
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network(f"{found}/64", strict=False).network_address)


def count_guess(guess: Guess, *, now: datetime) -> Verdict:
    """Count first, then say whether to look at it: of guesses at the same moment no more are looked at than of others."""
    wait = _stopped(guess, now)
    if wait is not None:
        return Verdict(wait)
    place = {"username": guess.key, "ip_address": guess.network, "user_agent": guess.device}
    with transaction.atomic():
        AccessAttempt.objects.bulk_create(
            [AccessAttempt(**place, failures_since_start=0)], ignore_conflicts=True
        )
        row = AccessAttempt.objects.select_for_update().get(**place)
        is_over = row.failures_since_start > 0 and row.attempt_time <= now - WINDOW
        before = 0 if is_over else row.failures_since_start
        if before > guess.limit:
            return Verdict(row.attempt_time + WINDOW - now)
        # One beyond the limit is kept too: it says that the refusal isn't new any more.
        at = row.attempt_time if before == guess.limit else now
        AccessAttempt.objects.filter(pk=row.pk).update(failures_since_start=before + 1, attempt_time=at)
    return Verdict(at + WINDOW - now, is_first=True) if before == guess.limit else Verdict()


def _stopped(guess: Guess, now: datetime) -> timedelta | None:
    """How long no guess from there, or at that account, is looked at; None: it is. One query: refusing is cheap."""
    where = Q(username=guess.key, ip_address=guess.network, user_agent=guess.device)
    if not guess.device:
        where |= Q(user_agent="") & (Q(ip_address=guess.network) | Q(username=guess.key))
    rows = list(
        AccessAttempt.objects.filter(where, attempt_time__gt=now - WINDOW).values_list(
            "username", "ip_address", "failures_since_start", "attempt_time"
        )
    )
    # What was refused says in its row that it was told; it doesn't count again in the sums.
    here = [row for row in rows if row[:2] == (guess.key, guess.network) and row[2] > guess.limit]
    stops = [here]
    if not guess.device:
        stops.append(_reaching(OF_ADDRESS, [row for row in rows if row[1] == guess.network]))
        stops.append(
            _reaching(OF_CODES if guess.code else OF_ACCOUNT, [row for row in rows if row[0] == guess.key])
        )
    first = [min(row[3] for row in found) for found in stops if found]
    return max(max(first) + WINDOW - now, timedelta(seconds=1)) if first else None


def _reaching(limit: int, rows: list[Row]) -> list[Row]:
    return rows if sum(min(row[2], OF_ACCOUNT_FROM_ADDRESS) for row in rows) >= limit else []


def forget_guess(guess: Guess, *, now: datetime) -> None:
    """It was right: it and its wrong predecessors from there count no more. Sweeps what is over, too."""
    AccessAttempt.objects.filter(
        username=guess.key, ip_address=guess.network, user_agent=guess.device
    ).delete()
    AccessAttempt.objects.filter(attempt_time__lte=now - WINDOW).delete()


def forget_account(account: str) -> int:
    """All guesses at it, from everywhere: for who has shown by mail that it is theirs."""
    return forget_guesses(account=account)


def forget_guesses(*, account: str = "", address: str = "") -> int:
    """All of the account, all from the address, or all, for who runs the installation: how many rows there were."""
    rows = AccessAttempt.objects.all()
    if account:
        key = account_key(account)
        rows = rows.filter(username__in=[key, f"code {key}"])
    if address:
        rows = rows.filter(ip_address=network(address))
    return int(rows.delete()[0])

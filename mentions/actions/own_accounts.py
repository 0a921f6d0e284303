"""The accounts that a client posts with itself."""

from collections.abc import Sequence
from datetime import datetime

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from agency.text import one_line
from clients.models import Client
from mentions.accounts import account_digest, is_address
from mentions.models import OwnAccount

MOST, LONGEST = 100, 500


def set_own_accounts(
    *, client: Client, accounts: Sequence[str], by: Actor, now: datetime
) -> list[OwnAccount]:
    """These are the client's own accounts from now on. What they posted before stays as it is.

    Args:
        accounts: addresses, or names where sources give no address. One that is there twice counts once.

    Raises:
        Invalid: one that can't be an account, or too many.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk)
    wanted = _by_digest(accounts)
    Client.objects.select_for_update().filter(pk=client.pk).first()
    known = {row.digest: row for row in OwnAccount.objects.filter(client=client)}
    gone = [row for digest, row in known.items() if digest not in wanted]
    new = {digest: account for digest, account in wanted.items() if digest not in known}
    if gone or new:
        OwnAccount.objects.filter(pk__in=[row.pk for row in gone]).delete()
        OwnAccount.objects.bulk_create(
            OwnAccount(
                client=client, account=account, digest=digest, created_at=now, created_by=by.name[:120]
            )
            for digest, account in sorted(new.items())
        )
        before = sorted(row.account for row in known.values())
        after = sorted([*(row.account for row in known.values() if row not in gone), *new.values()])
        details = {"client": client.name, "accounts": [before, after]}
        record("client.accounts_changed", by=by, subject=client, now=now, details=details)
        emit("client.accounts_changed", subject=client, now=now, data={"accounts": len(after)})
    return list(OwnAccount.objects.filter(client=client).order_by("account", "id"))


def _by_digest(accounts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    problems = []
    for account in (one_line(account, LONGEST * 4).strip() for account in accounts):
        if not account.strip("@ "):
            continue
        if len(account) > LONGEST:
            problems.append(f"“{account[:60]}…” is longer than {LONGEST} characters.")
            continue
        try:
            found.setdefault(account_digest(account), account)
        except ValueError:
            problems.append(f"“{account[:60]}” isn't the address of an account.")
            continue
        if is_address(account) and _is_bare_host(account):
            problems.append(
                f"“{account[:60]}” is a whole site. Give the address of the account's own page there."
            )
    if len(found) > MOST:
        problems.append(f"A client has at most {MOST} own accounts; these are {len(found)}.")
    if problems:
        raise Invalid.field("accounts", " ".join(problems[:5]))
    return found


def _is_bare_host(account: str) -> bool:
    """Whoever owns a site is named by it where its feed names nobody: that is the client's site, and fine. But a place
    that many post on is nobody's account."""
    host = account.partition("://")[2].partition("/")[0].removeprefix("www.").casefold()
    return host in _MANY and not account.partition("://")[2].partition("/")[2].strip("/")


_MANY = frozenset(
    {
        *(
            "x.com",
            "twitter.com",
            "facebook.com",
            "instagram.com",
            "linkedin.com",
            "tiktok.com",
            "youtube.com",
        ),
        *("reddit.com", "bsky.app", "mastodon.social", "threads.net", "news.ycombinator.com", "github.com"),
    }
)

"""Publishing: queued → sending → live, or failed, or ambiguous. Never twice, never silently.

`sending` is committed before the call. When nobody knows whether the call arrived, the platform is asked (read back) or
a person is; nothing is ever sent again blindly.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from agency.actions.alarms import clear_alarms, set_alarm
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor, system
from agency.errors import Conflict, Invalid
from agency.http import Client as HttpClient
from agency.rights import Right
from agency.tenancy import current_agency, tenant
from agency.text import safe_link
from agency.vault import VaultError
from mentions.actions.secrets import locked
from mentions.models import Mention, Source
from mentions.platforms.base import Ambiguous, PlatformError, Receipt, ReplyRequest
from mentions.platforms.registry import get_platform
from mentions.queries.mentions import source_for
from mentions.words import Move, State
from workflows.actions.clocks import hand_back
from workflows.actions.responses import digest
from workflows.actions.transition import lock_mention, transition
from workflows.models import Attempt, Publication, Response, Version
from workflows.words import BY_HAND, PUBLICATION_SEND

log = structlog.get_logger("earshot.publishing")

LEASE = timedelta(minutes=2)
ATTEMPTS = 6
RETRY_FIRST, RETRY_LAST = timedelta(seconds=10), timedelta(minutes=30)
LONGEST_WAIT = timedelta(hours=6)
READ_BACKS = 8

P = Publication.State
UNDER_WAY = (P.QUEUED, P.SENDING, P.AMBIGUOUS, P.BY_HAND)


class BeingSent(Conflict):
    """The reply is on its way, or may be live."""

    code, title = "being_sent", "The reply is on its way"


@dataclass(frozen=True, slots=True)
class Sending:
    """A claimed publication: all that the platform needs, without the row."""

    publication_id: UUID
    kind: str
    request: ReplyRequest
    key: str
    what: str  # send or read_back
    number: int
    started_at: datetime


def queue_publication(
    mention: Mention, version: Version, *, approved_digest: str, now: datetime
) -> Publication:
    """Put an approved version on its way, or in a person's hands.

    Args:
        approved_digest: of what was agreed to, by whoever agreed.
    """
    by_hand = version.lane == BY_HAND
    publication = Publication(
        mention=mention,
        version=version,
        lane=version.lane,
        approved_digest=approved_digest,
        state=P.BY_HAND if by_hand else P.QUEUED,
        key=secrets.token_hex(16),
        created_at=now,
    )
    publication.save(force_insert=True)
    _note("queued", mention, publication, now, version=version.number, digest=approved_digest)
    if not by_hand:
        set_alarm(PUBLICATION_SEND, publication.pk, now)
    return publication


def withdraw_publication(mention: Mention, *, now: datetime) -> None:
    """Take back what hasn't gone out.

    Raises:
        BeingSent: it is being sent, or may be live.
    """
    for publication in Publication.objects.select_for_update().filter(mention=mention, state__in=UNDER_WAY):
        if publication.state in {P.SENDING, P.AMBIGUOUS}:
            raise BeingSent("The reply is being sent, so it can't be changed any more.")
        publication.state = P.WITHDRAWN
        publication.save(update_fields=["state"])
        clear_alarms(PUBLICATION_SEND, [publication.pk])
        _note("withdrawn", mention, publication, now)


def _note(done: str, mention: Mention, publication: Publication, now: datetime, **told: str | int) -> None:
    """Each change of a publication's state is in the log; who wanted it says the entry beside it."""
    details = {"lane": publication.lane, **told, "publication": str(publication.pk)}
    record(f"publication.{done}", by=system(current_agency()), subject=mention, now=now, details=details)
    _tell(done, mention, publication, now, **told)


def _tell(done: str, mention: Mention, publication: Publication, now: datetime, **told: str | int) -> None:
    data = {"publication": str(publication.pk), "lane": publication.lane, **told}
    emit(f"publication.{done}", subject=mention, now=now, data=data)


def publish(agency_id: UUID, publication_id: UUID, *, clock: Callable[[], datetime]) -> None:
    """Claim, call, record. Harmless when run twice, at once or after each other."""
    with tenant(agency_id):
        sending = claim_publication(publication_id, now=clock())
    if sending is None:
        return
    outcome = _call(sending)
    with tenant(agency_id):
        record_outcome(sending, outcome, now=clock())


def claim_publication(publication_id: UUID, *, now: datetime) -> Sending | None:
    """Commit to one call; None when there is nothing to do, or somebody else does it."""
    found = Publication.objects.filter(pk=publication_id).values_list("mention_id", flat=True).first()
    if found is None:
        return None
    lock_mention(found, seen=None, now=now)
    publication = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("version__response", "mention__post")
        .get(pk=publication_id)
    )
    if publication.state not in {P.QUEUED, P.SENDING, P.AMBIGUOUS}:
        return None
    if publication.lease_until and publication.lease_until > now:
        return None
    source = source_for(publication.mention)
    settings_or_error = _settings(publication, source)
    if isinstance(settings_or_error, PlatformError):
        error = settings_or_error
        if publication.state == P.QUEUED:
            _give_up(publication, error, now)
        else:  # it may be live, and nobody is left to ask
            _ask_a_person(publication, error, now)
        return None
    # Whoever held `sending` died with it: it may have arrived, so ask before anything else.
    what = "send" if publication.state == P.QUEUED else "read_back"
    if publication.state == P.SENDING:
        _note("ambiguous", publication.mention, publication, now, code="broke_off")
    publication.state = P.SENDING if what == "send" else P.AMBIGUOUS
    publication.attempts += 1
    publication.lease_until = now + LEASE
    publication.save(update_fields=["state", "attempts", "lease_until"])
    if what == "send":
        _note("sending", publication.mention, publication, now, attempt=publication.attempts)
    set_alarm(PUBLICATION_SEND, publication.pk, now + LEASE)
    version = publication.version
    request = ReplyRequest(
        text=version.text,
        target_url=version.target_url,
        target_key=publication.mention.post.key,
        settings=settings_or_error,
    )
    return Sending(
        publication.pk, publication.lane, request, publication.key, what, publication.attempts, now
    )


def _settings(publication: Publication, source: Source | None) -> dict[str, Any] | PlatformError:
    """What the platform needs for sending, or why nothing may be sent."""
    flaw = _flaw(publication)
    if flaw:
        return PlatformError("not_as_approved", flaw, retryable=False)
    if source is None:
        return PlatformError("no_source", "The source was deleted.", retryable=False)
    try:
        return locked(source).open()
    except VaultError as error:
        return PlatformError(error.code, error.message, retryable=False)


def _flaw(publication: Publication) -> str:
    """Why this text may not go out; empty when it is exactly what was approved."""
    if digest(publication.version) != publication.approved_digest:
        return "The reply isn't the text that was approved."
    if publication.mention.state != State.APPROVED:
        return "The mention isn't approved."
    return ""


def _call(sending: Sending) -> Receipt | PlatformError | None:
    """What the platform said: a receipt, an error, or (read back) None: it isn't there."""
    platform = get_platform(sending.kind)
    http = HttpClient(allow_loopback=settings.ALLOW_LOOPBACK)
    try:
        if sending.what == "send":
            return platform.publish(sending.request, key=sending.key, http=http)
        return platform.read_back(sending.request, key=sending.key, http=http)
    except PlatformError as error:
        return error


def record_outcome(sending: Sending, outcome: Receipt | PlatformError | None, *, now: datetime) -> None:
    """Record what a call brought, and what comes next."""
    found = Publication.objects.values_list("mention_id", flat=True).filter(pk=sending.publication_id).first()
    if found is None:
        return  # erased while the call was out: there is nothing left to record it on
    mention = lock_mention(found, seen=None, now=now)
    publication = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("version")
        .get(pk=sending.publication_id)
    )
    superseded = publication.attempts != sending.number or publication.state not in {P.SENDING, P.AMBIGUOUS}
    # A receipt is the truth however late it comes: without it, what is live would be sent again.
    waits = publication.state in {P.QUEUED, P.SENDING, P.AMBIGUOUS} and isinstance(outcome, Receipt)
    if superseded and not waits:
        return  # a later try, or a person, has settled it
    publication.lease_until = None
    if isinstance(outcome, Receipt):
        _note_try(publication, sending, "live", None, now)
        _go_live(mention, publication, outcome, by=system(current_agency()), now=now)
    elif outcome is None:
        # The platform says it never arrived: sending it (again) is safe.
        _note_try(publication, sending, "absent", None, now)
        if publication.attempts < ATTEMPTS + READ_BACKS:
            _again(publication, P.QUEUED, now)
            _tell("retried", mention, publication, now, code="never_arrived")
        else:
            error = PlatformError("never_arrived", "The reply never arrived, however often.", retryable=False)
            _give_up(publication, error, now)
    elif isinstance(outcome, Ambiguous) or sending.what == "read_back":
        _note_try(publication, sending, "ambiguous", outcome, now)
        _wait_for_certainty(mention, publication, outcome, now)
    else:
        _note_try(publication, sending, "failed", outcome, now)
        if outcome.retryable and publication.attempts < ATTEMPTS:
            publication.error_code, publication.error = outcome.code[:40], outcome.sentence[:500]
            _again(publication, P.QUEUED, now, wait=outcome.retry_after)
            _tell("retried", mention, publication, now, code=publication.error_code)
        else:
            _give_up(publication, outcome, now)


def _note_try(
    publication: Publication, sending: Sending, outcome: str, error: PlatformError | None, now: datetime
) -> None:
    Attempt(
        publication=publication,
        number=sending.number,
        what=sending.what,
        started_at=sending.started_at,
        finished_at=now,
        outcome=outcome,
        error_code=error.code[:40] if error else "",
        error=error.sentence[:500] if error else "",
    ).save(force_insert=True)


def _again(publication: Publication, state: str, now: datetime, *, wait: int | None = None) -> None:
    """`wait`: seconds that the platform asks for."""
    publication.state = state
    publication.save()
    pause = min(RETRY_FIRST * 2 ** min(publication.attempts - 1, 10), RETRY_LAST)
    asked = min(timedelta(seconds=wait or 0), LONGEST_WAIT)
    set_alarm(PUBLICATION_SEND, publication.pk, now + max(pause, asked))


def _wait_for_certainty(
    mention: Mention, publication: Publication, error: PlatformError, now: datetime
) -> None:
    """Read back on a widening schedule where the platform can; after that, or where it can't, a person decides."""
    first = publication.state != P.AMBIGUOUS
    if get_platform(publication.lane).capabilities.read_back and publication.attempts < ATTEMPTS + READ_BACKS:
        publication.error_code, publication.error = error.code[:40], error.sentence[:500]
        _again(publication, P.AMBIGUOUS, now)
    else:
        _ask_a_person(publication, error, now)
    if first:
        _note("ambiguous", mention, publication, now, code=publication.error_code)


def _ask_a_person(publication: Publication, error: PlatformError, now: datetime) -> None:
    """It may be live, and no machine can tell: somebody of the agency looks, on the agency's time."""
    publication.state = P.AMBIGUOUS
    _leave_to_the_agency(publication, error, now)


def _give_up(publication: Publication, error: PlatformError, now: datetime) -> None:
    mention, code = publication.mention, error.code
    publication.state = P.FAILED
    _leave_to_the_agency(publication, error, now)
    _note("failed", mention, publication, now, code=code)
    log.warning("publication failed", publication=str(publication.pk), code=code)


def _leave_to_the_agency(publication: Publication, error: PlatformError, now: datetime) -> None:
    publication.error_code, publication.error = error.code[:40], error.sentence[:500]
    publication.lease_until = None
    publication.given_back_at = publication.given_back_at or now
    publication.save()
    clear_alarms(PUBLICATION_SEND, [publication.pk])
    if publication.mention.state == State.APPROVED:
        hand_back(publication.mention, now=now)


def _go_live(
    mention: Mention, publication: Publication, receipt: Receipt, *, by: Actor, now: datetime
) -> None:
    publication.state, publication.live_at = P.LIVE, now
    publication.external_id, publication.url = (
        receipt.external_id[:300],
        (safe_link(receipt.url) or "")[:2000],
    )
    publication.error_code = publication.error = ""
    publication.lease_until = None
    publication.save()
    clear_alarms(PUBLICATION_SEND, [publication.pk])
    _note("live", mention, publication, now, url=publication.url)
    Response.objects.filter(mention=mention, closed_at=None).update(closed_at=now)
    transition(
        mention.pk,
        Move.RESPOND,
        by=by,
        seen=None,
        now=now,
        answered_at=now,
        answer_url=publication.url,
        note=publication.url,
    )


def attest_reply(mention_id: UUID, *, url: str, by: Actor, seen: int | None, now: datetime) -> Mention:
    """A person says: the approved reply is live at this address.

    Raises:
        Invalid: not a web address; Conflict: there is no reply to attest; else as `transition`.
    """
    by.require(Right.RESPOND)
    link = safe_link(url.strip())
    if link is None or not link.startswith(("http://", "https://")):
        raise Invalid.field("url", "Paste the web address of the reply, beginning with https://.")
    mention = lock_mention(mention_id, seen=seen, now=now)
    publication = _unsettled(mention)
    publication.attested_by = by.name
    publication.attempts += 1
    Attempt(
        publication=publication,
        number=publication.attempts,
        what="attest",
        started_at=now,
        finished_at=now,
        outcome="live",
    ).save(force_insert=True)
    _go_live(mention, publication, Receipt(external_id="", url=link, at=now), by=by, now=now)
    record("reply.attested", by=by, subject=mention, now=now, details={"url": link})
    emit("reply.attested", subject=mention, now=now, data={"url": link})
    answered: Mention = Mention.objects.get(pk=mention.pk)
    return answered


def send_again(mention_id: UUID, *, by: Actor, seen: int | None, now: datetime) -> Publication:
    """A person has looked: the reply isn't live, so send it (again).

    Raises:
        Conflict: there is nothing that failed or is unknown.
    """
    by.require(Right.RESPOND)
    mention = lock_mention(mention_id, seen=seen, now=now)
    publication = _unsettled(mention)
    if publication.state not in {P.FAILED, P.AMBIGUOUS} or publication.lane == BY_HAND:
        raise Conflict("Only a reply that failed, or that nobody knows about, can be sent again.")
    publication.state, publication.lease_until, publication.attempts = (
        P.QUEUED,
        None,
        publication.attempts + 1,
    )
    publication.save()
    set_alarm(PUBLICATION_SEND, publication.pk, now)
    record("publication.sent_again", by=by, subject=mention, now=now)
    _tell("sent_again", mention, publication, now)
    return publication


def _unsettled(mention: Mention) -> Publication:
    """Raises: BeingSent while a call is out; Conflict when there is no reply under way."""
    publication: Publication | None = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("version", "mention")
        .filter(mention=mention, state__in=[*UNDER_WAY, P.FAILED])
        .order_by("-created_at", "-id")
        .first()
    )
    if publication is None or mention.state != State.APPROVED:
        raise Conflict("There is no approved reply that waits to go out.")
    if publication.state == P.SENDING:
        raise BeingSent("The reply is being sent right now. Look again in a moment.")
    return publication

"""How the work on a mention looks from outside: its clocks, ledger, reply, approval and publication."""

from typing import Any

from rest_framework import serializers

from agency.actor import ActorKind
from agency.api.serializers import Named, OrNull, Seconds, shown_as
from clients.words import ClockKind, ReplyKind
from mentions.models import Message
from workflows.ledger import Ledger, Owner, sentence
from workflows.models import Approval, Decision, Publication, Response, Version

CLOCK_STATES = ("running", "paused", "met", "breached")
OWNERS = tuple(owner.value for owner in Owner)


class ClockOutput(serializers.Serializer[Any]):
    """One SLA timer."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ClockKind.choices)
    instance = serializers.IntegerField()
    state = serializers.ChoiceField(CLOCK_STATES)
    target = Seconds()
    used = Seconds()
    due_at = serializers.DateTimeField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True)
    late_found = serializers.BooleanField(
        help_text="The post was found too late: it counts, and can't breach."
    )
    started_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    hours = OrNull(help_text="The calendar that it runs in; null: around the clock.")
    calendar = serializers.UUIDField(source="calendar_id", allow_null=True)
    match = serializers.CharField(
        help_text="Whose policy it is and why its hours are these, such as `client:on_call`."
    )
    warnings = serializers.ListField(
        child=serializers.IntegerField(), help_text="The percentages of the target that were told."
    )
    grace = Seconds(help_text="What it may take beyond its target; see `inherited`.")
    inherited = serializers.BooleanField(help_text="Its target was used up when it was tightened.")
    annulled = serializers.BooleanField(
        help_text="It should never have begun (such as a decision's, of a request that never arrived): it counts for"
        " nothing."
    )
    excused = serializers.BooleanField(
        help_text="A second person excused its breach, which stands all the same."
    )


class SliceOutput(serializers.Serializer[Any]):
    """A stretch of time that was one owner's."""

    owner = serializers.ChoiceField(OWNERS)
    starts_at = serializers.DateTimeField(source="start")
    ends_at = serializers.DateTimeField(source="end")
    seconds = Seconds(source="length")


class TotalsOutput(serializers.Serializer[Any]):
    """Seconds by owner; they add up to the whole."""

    undetected = Seconds()
    agency_on = Seconds()
    client_on = Seconds()
    agency_off = Seconds()
    client_off = Seconds()
    platform = Seconds()
    routed = Seconds()


class LedgerOutput(serializers.Serializer[Any]):
    """Whose time each second was, from the post's publication to our answer."""

    sentence = serializers.CharField()
    closed = serializers.BooleanField(help_text="It was answered or dismissed; else the time still runs.")
    whole = Seconds()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="Of the first round: the first close, or now.")
    first_resolution = Seconds(allow_null=True, help_text="From the post to the first close.")
    total_resolution = Seconds(
        allow_null=True, help_text="From the post to the last close, whatever was reopened between."
    )
    source_ahead = serializers.BooleanField(
        help_text="The source's clock is ahead of ours or the platform's."
    )
    totals = TotalsOutput()
    slices = SliceOutput(many=True)
    reopened = serializers.ListField(
        child=serializers.ListField(child=SliceOutput()), help_text="Each later round after a reopening."
    )


class VersionOutput(serializers.Serializer[Any]):
    """One text of a reply, never changed."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    text = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 over all that an approver agrees to.")
    lane = serializers.CharField(help_text="The platform that publishes it, or hand_made.")
    author = serializers.CharField(source="author_name")
    author_kind = serializers.ChoiceField([kind.value for kind in ActorKind])
    created_at = serializers.DateTimeField()


class ReplyOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ReplyKind.choices)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    closed_at = serializers.DateTimeField(allow_null=True)
    versions = VersionOutput(many=True, help_text="Newest first.")


class DecisionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    contact = Named()
    verdict = serializers.ChoiceField(Decision.Verdict.choices)
    version = serializers.IntegerField(source="version.number")
    digest = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField()
    state = serializers.ChoiceField(Decision.State.choices)
    at = serializers.DateTimeField()
    effective_at = serializers.DateTimeField(help_text="Until then it can be undone.")


class ApprovalOutput(serializers.Serializer[Any]):
    """The latest request to the client's contacts."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(Approval.State.choices)
    version = serializers.IntegerField(source="version.number")
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    needed_by = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    decisions = DecisionOutput(many=True)


class PublicationOutput(serializers.Serializer[Any]):
    """The latest way of an approved version onto its platform."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(Publication.State.choices)
    version = serializers.IntegerField(source="version.number")
    lane = serializers.CharField()
    attempts = serializers.IntegerField()
    url = OrNull()
    error_code = OrNull()
    error = OrNull()
    created_at = serializers.DateTimeField()
    live_at = serializers.DateTimeField(allow_null=True)
    attested_by = OrNull()


class MessageOutput(serializers.Serializer[Any]):
    """What the author wrote later in the conversation, or the client itself."""

    post = serializers.UUIDField(source="id")
    by = serializers.ChoiceField(Message.By.choices)
    author = serializers.CharField(source="name")
    text = serializers.CharField()
    url = OrNull()
    published_at = serializers.DateTimeField()
    published_guessed = serializers.BooleanField()
    recorded_at = serializers.DateTimeField()
    effect = serializers.ChoiceField(Message.Effect.choices, help_text="What it meant when it was read.")
    direct = serializers.BooleanField(help_text="Of the client's: whether it plainly answers the mention.")
    after_reply = serializers.BooleanField(help_text="It was read after our reply had been written.")


class HappeningOutput(serializers.Serializer[Any]):
    """One line of the history."""

    at = serializers.DateTimeField()
    what = serializers.CharField(help_text="Such as move:claim, clock:breach, decision:approve:effective.")
    who = serializers.CharField()
    note = serializers.CharField()


def ledger_shown(ledger: Ledger) -> dict[str, Any]:
    about = {
        "sentence": sentence(ledger),
        "closed": ledger.closed,
        "whole": ledger.whole,
        "starts_at": ledger.start,
        "ends_at": ledger.end,
        "first_resolution": ledger.first_resolution,
        "total_resolution": ledger.total_resolution,
        "source_ahead": ledger.source_ahead,
        "totals": {owner.value: length for owner, length in ledger.totals.items()},
        "slices": ledger.slices,
        "reopened": ledger.reopened,
    }
    return shown_as(LedgerOutput, about)


def response_shown(response: Response | None, versions: list[Version]) -> dict[str, Any] | None:
    if response is None:
        return None
    about = {
        name: getattr(response, name) for name in ("id", "kind", "created_at", "created_by", "closed_at")
    }
    return shown_as(ReplyOutput, {**about, "versions": versions})


def approval_shown(approval: Approval | None, decisions: list[Decision]) -> dict[str, Any] | None:
    if approval is None:
        return None
    fields = (
        "id",
        "state",
        "version",
        "requested_by",
        "requested_at",
        "needed_by",
        "delivered_at",
        "closed_at",
    )
    about = {name: getattr(approval, name) for name in fields}
    return shown_as(ApprovalOutput, {**about, "decisions": decisions})

"""Several mentions of the inbox at once: claimed, handed on or dismissed, each by itself."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.errors import DomainError, Invalid
from agency.rights import Right
from agency.web.answers import see_other
from agency.web.views import StaffPage
from mentions.models import Mention
from workflows.actions.bulk import MOST, Outcome, one_by_one
from workflows.actions.moves import assign_mention, claim_mention, dismiss_mention
from workflows.queries.inbox import authors_of

_PICK = re.compile(r"([0-9a-f-]{36}):([0-9]{1,9})")
# Of those that couldn't be done, so many are told one by one.
TOLD = 5
_DONE = {"claim": "claimed", "assign": "handed on", "dismiss": "dismissed"}
Do = Callable[[UUID, int], Mention]


class BulkAct(StaffPage):
    """The bar below the inbox."""

    right = Right.RESPOND
    nav = "inbox"

    def get(self, request: HttpRequest) -> HttpResponse:
        return see_other(request, reverse("inbox"))

    def post(self, request: HttpRequest) -> HttpResponse:
        word = request.POST.get("do", "")
        outcomes = one_by_one(_picked(request.POST), self._doing(word, request.POST))
        self._say(outcomes, _DONE[word])
        return see_other(request, self._back())

    def refused(self, error: DomainError) -> HttpResponse:
        if not isinstance(error, Invalid):
            return super().refused(error)
        messages.error(self.request, error.message)
        return see_other(self.request, self._back())

    def _back(self) -> str:
        """To the same list, from its beginning."""
        asked = QueryDict(self.request.POST.get("here", ""), mutable=True)
        asked.pop("after", None)
        return f"{reverse('inbox')}?{asked.urlencode()}" if asked else reverse("inbox")

    def _doing(self, word: str, data: QueryDict) -> Do:
        facts: dict[str, Any] = {"by": self.actor, "now": self.now}
        if word == "claim":
            return lambda pk, seen: claim_mention(pk, seen=seen, **facts)
        if word == "dismiss":
            reason = data.get("reason", "")
            if not reason:
                raise Invalid.field("reason", "Choose a reason first, then dismiss.")
            return lambda pk, seen: dismiss_mention(pk, seen=seen, reason=reason, **facts)
        if word == "assign":
            member_id = _id(data.get("assignee", ""))
            return lambda pk, seen: assign_mention(pk, seen=seen, member_id=member_id, **facts)
        raise Invalid("Press one of the buttons: Claim, Hand on or Dismiss.")

    def _say(self, outcomes: list[Outcome], done: str) -> None:
        failed = [outcome for outcome in outcomes if outcome.error is not None]
        count = len(outcomes) - len(failed)
        if count:
            messages.success(self.request, f"{_mentions(count)} {done}.")
        if not failed:
            return
        names = authors_of([outcome.mention_id for outcome in failed[:TOLD]], by=self.actor)
        lines = [
            f"{names.get(outcome.mention_id) or 'A mention'}: {outcome.error.message}"
            for outcome in failed[:TOLD]
            if outcome.error is not None
        ]
        more = [f"And {len(failed) - TOLD} more."] if len(failed) > TOLD else []
        said = " ".join([f"{_mentions(len(failed))} not {done}.", *lines, *more])
        messages.warning(self.request, said)


def _picked(data: QueryDict) -> list[tuple[UUID, int]]:
    """Raises: Invalid, where none or too many are, or where it isn't from our page."""
    found: dict[UUID, int] = {}
    for pick in data.getlist("pick"):
        parts = _PICK.fullmatch(pick)
        if parts is None:
            raise Invalid("That selection can't be read. Select the mentions again.")
        found[_id(parts[1])] = int(parts[2])
    if not found:
        raise Invalid("Select some mentions first: each has a box to tick.")
    if len(found) > MOST:
        raise Invalid(f"Select at most {MOST} mentions at once.")
    return list(found.items())


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("Choose whom they are handed to first, then hand them on.") from None


def _mentions(count: int) -> str:
    return "1 mention" if count == 1 else f"{count} mentions"

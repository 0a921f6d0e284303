"""What is done with a mention besides answering it."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.preconditions import NameWhatYouSaw, Seen, Stale, if_match, tagged
from agency.api.preferences import VARIES, minimal, wants_minimal
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Moment, Text, Whole
from agency.api.views import ApiView
from agency.errors import Invalid
from agency.rights import Right
from clients.words import Priority
from mentions.queries.mentions import get_mention
from mentions.words import DismissReason
from workflows.actions.answered import note_answer
from workflows.actions.moves import (
    assign_mention,
    claim_mention,
    dismiss_mention,
    release_mention,
    reopen_mention,
    set_priority,
)
from workflows.actions.transition import MentionMovedOn
from workflows.api.mentions import MentionRowOutput, row_shown

_MEMBER = "0195677c-0a54-7000-8d2f-0f3c9a6b1e03"


@example({"version": 2})
class SeenInput(Input):
    """`version`: of the mention as you saw it, unless If-Match names it. If it has changed since, nothing is done and the
    answer is 409, or with If-Match 412."""

    version = Whole(required=False, min_value=1, max_value=2_147_483_647)


@example({"version": 1})
class ClaimInput(SeenInput):
    assignee = Id(required=False, help_text="The member who takes it; absent: you, or who made the key.")


@example({"version": 2, "assignee": _MEMBER})
class AssignInput(SeenInput):
    assignee = Id()


@example({"version": 1, "priority": "urgent"})
class PriorityInput(SeenInput):
    priority = serializers.ChoiceField(Priority.choices)


@example({"version": 1, "reason": "no_reply_needed", "note": "They found the answer themselves."})
class DismissInput(SeenInput):
    reason = serializers.ChoiceField(DismissReason.choices)
    note = Text(required=False, default="", allow_blank=True, max_length=2000, multiline=True)


@example({"version": 1, "url": "https://forum.example/posts/1#brightwater", "at": "2026-03-06T17:20:00Z"})
class AnsweredInput(SeenInput):
    url = Text(max_length=2000, help_text="Where the client's answer is.")
    at = Moment(help_text="When it was posted: the mention counts as answered from then on.")


@example({"version": 6, "note": "They asked again by mail."})
class ReopenInput(SeenInput):
    note = Text(required=False, default="", allow_blank=True, max_length=2000, multiline=True)


class OnMention(ApiView):
    """An action on a mention; each answers with the mention as it is then, or with its version alone: with its own facts
    by `mention`, and where what is around it was changed, with all that too."""

    def seen(self, form: type[SeenInput], mention_id: UUID) -> dict[str, Any]:
        """The body as actions take it, with who acts and when. `seen` is the version that If-Match or the body names.

        Raises:
            NameWhatYouSaw: neither does; Invalid: they differ.
        """
        given = self.body(form)
        version, tags = given.pop("version", None), if_match(self.request)
        if tags is None and version is None:
            raise NameWhatYouSaw(
                "Say which version of the mention you saw: by If-Match with its ETag, or by `version` in the body."
            )
        if tags is not None and version is not None and version not in tags:
            raise Invalid.field("version", "This isn't the version that If-Match names. Send one of them.")
        seen = version if version is not None else self._one_of(tags or frozenset(), mention_id)
        return {**given, "seen": seen, "by": self.actor, "now": clock.now()}

    def _one_of(self, tags: Seen, mention_id: UUID) -> int:
        """The version that is asked for; where several would do the one that there is. It is checked under the lock."""
        if len(tags) > 1:
            current = get_mention(mention_id, by=self.actor).version
            return current if current in tags else min(tags)
        return next(iter(tags), 0)  # a tag that isn't ours is nobody's version

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, MentionMovedOn) and "If-Match" in self.request.headers:
            exc = Stale(exc)
        return super().handle_exception(exc)

    def mention(self, mention_id: UUID, version: int) -> Response:
        """As the list shows it now, by one statement. Everything around it would take longer to read than a move takes.

        Args:
            version: the one that it has now.
        """
        if wants_minimal(self.request):
            return minimal(version)
        row = row_shown(mention_id, by=self.actor)
        return tagged(row, row["version"], headers=VARIES)


class MoveViews(OnMention):
    rights = {
        "claim": Right.RESPOND,
        "release": Right.RESPOND,
        "assign": Right.RESPOND,
        "priority": Right.RESPOND,
        "dismiss": Right.RESPOND,
        "answered": Right.RESPOND,
        "reopen": Right.RESPOND,
    }

    @operation(
        "claim_mention",
        "Claim a new mention",
        takes=ClaimInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="When several claim it at once, one wins and the others get 409.",
    )
    def claim(self, request: Request, mention_id: UUID) -> Response:
        given = self.seen(ClaimInput, mention_id)
        done = claim_mention(mention_id, assignee_id=given.pop("assignee", None), **given)
        return self.mention(mention_id, done.version)

    @operation(
        "release_mention",
        "Give a claimed mention back to the queue",
        description="Its assignee does that, or a manager. It is new again, for whoever claims it next.",
        takes=SeenInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
    )
    def release(self, request: Request, mention_id: UUID) -> Response:
        done = release_mention(mention_id, **self.seen(SeenInput, mention_id))
        return self.mention(mention_id, done.version)

    @operation(
        "assign_mention",
        "Hand a claimed mention to another member",
        description="Its assignee does that, or a manager, to somebody who works for its client.",
        takes=AssignInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
    )
    def assign(self, request: Request, mention_id: UUID) -> Response:
        given = self.seen(AssignInput, mention_id)
        done = assign_mention(mention_id, member_id=given.pop("assignee"), **given)
        return self.mention(mention_id, done.version)

    @operation(
        "set_priority",
        "Say how urgent a mention is",
        takes=PriorityInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="Its clocks get the targets of that priority and keep the time that they used.",
    )
    def priority(self, request: Request, mention_id: UUID) -> Response:
        done = set_priority(mention_id, **self.seen(PriorityInput, mention_id))
        return self.mention(mention_id, done.version)

    @operation(
        "dismiss_mention",
        "Close a mention without an answer",
        takes=DismissInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="What the client was asked is taken back.",
    )
    def dismiss(self, request: Request, mention_id: UUID) -> Response:
        done = dismiss_mention(mention_id, **self.seen(DismissInput, mention_id))
        return self.mention(mention_id, done.version)

    @operation(
        "note_answer",
        "Say that the client answered a mention itself",
        takes=AnsweredInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="What of ours hasn't gone out is taken back; while it is on its way, the answer is 409.",
    )
    def answered(self, request: Request, mention_id: UUID) -> Response:
        done = note_answer(mention_id, **self.seen(AnsweredInput, mention_id))
        return self.mention(mention_id, done.version)

    @operation(
        "reopen_mention",
        "Work on a closed mention again",
        description="A responded or dismissed one becomes claimed, with new clocks; what was done before stays.",
        takes=ReopenInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
    )
    def reopen(self, request: Request, mention_id: UUID) -> Response:
        done = reopen_mention(mention_id, **self.seen(ReopenInput, mention_id))
        return self.mention(mention_id, done.version)

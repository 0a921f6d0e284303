"""The two places where channels are: a member's own, and the agency's rooms. Same pages, other rights and words."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from agency.actor import Actor
from agency.models import Channel
from agency.queries.channels import get_channel, get_room, list_channels, list_rooms


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where channels are kept, and what they are called there."""

    is_rooms: bool
    stem: str
    title: str
    noun: str
    intro: str
    nobody: str

    def rows(self, by: Actor) -> "QuerySet[Any]":
        return list_rooms(by=by) if self.is_rooms else list_channels(by=by)

    def get(self, channel_id: UUID, by: Actor) -> Channel:
        return get_room(channel_id, by=by) if self.is_rooms else get_channel(channel_id, by=by)

    def list_url(self) -> str:
        return reverse(f"{self.stem}s")

    def url(self, act: str, channel: Channel | None = None) -> str:
        return reverse(f"{self.stem}-{act}", args=[channel.pk] if channel else [])


MINE = Shelf(
    is_rooms=False,
    stem="channel",
    title="How to reach you",
    noun="channel",
    intro="Notices go to your mail. Add your phone or a chat, and they go there instead: all of them, or only the"
    " urgent ones, which don't wait for your working hours. If none of your channels works, mail is tried.",
    nobody="Notices reach you by mail, at the address that you sign in with.",
)
ROOMS = Shelf(
    is_rooms=True,
    stem="room",
    title="Rooms of the agency",
    noun="room",
    intro="A room is where everybody of the agency reads: a channel in Slack or Teams, a shared mailbox, a program of"
    " your own. Notices that are for the whole agency are posted there. They tell of every client.",
    nobody="The agency has no room yet: notices go to single people only.",
)

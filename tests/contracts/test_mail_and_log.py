"""What leaves the database by mail holds nothing of another agency, and the log nothing of any."""

import logging
from contextlib import closing

import pytest
from django.core import mail

from tests.contracts.callers import make_caller
from tests.contracts.doors import guarded
from tests.contracts.world import World
from tests.fixtures import FRIDAY_EVENING
from tests.leaks import Keeper, Watch
from tests.making import send_mails

Worlds = tuple[World, World]


@pytest.mark.parametrize("place", [0, 1])
def test_an_agencys_mails_hold_nothing_of_another(worlds: Worlds, place: int) -> None:
    ours, theirs = worlds[place], worlds[1 - place]
    mail.outbox.clear()
    send_mails(ours.agency_id, now=FRIDAY_EVENING)
    said = [str(message.message()).lower() + str(message.body).lower() for message in mail.outbox]
    assert any(ours.mark in text for text in said)
    assert [text for text in said if theirs.mark in text] == []


def test_looking_at_everything_leaves_no_word_of_it_in_the_log(worlds: Worlds) -> None:
    watch = Watch()
    keeper, root = Keeper(watch), logging.getLogger()
    keeper.setFormatter(root.handlers[0].formatter)
    with closing(watch):
        root.addHandler(keeper)
        try:
            ours = worlds[0]
            caller = make_caller("member:owner", *worlds, now=FRIDAY_EVENING)
            for door in guarded():
                if door.method == "GET":
                    caller.knock("GET", door.path(**ours.names()), is_api=door.is_api)
        finally:
            root.removeHandler(keeper)
        for world in worlds:
            watch.known[world.mark] = world.mark  # a word of its clients, posts and people
        assert watch.lines > 100
        assert watch.found() == []

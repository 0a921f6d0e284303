"""The worlds that the contracts are tried on hold one of everything, marked."""

import pytest
from django.db import models

from agency.tenancy import tenant
from tests.contracts.world import World, make_world, tenant_models
from tests.fixtures import Clock

# Texts that are made by machines, or mean the same everywhere.
UNMARKED = {
    "agency.Alarm": "ids and times only",
    "workflows.ApprovalLink": "hashes, ids and times only",
    "clients.ViewLink": "hashes, ids and times only",
    "workflows.Clock": "times, and words of the house",
    "workflows.ClockEvent": "times, and words of the house",
    "clients.SlaTarget": "times, and words of the house",
    "clients.PromiseSpread": "times, counts and ids",
    "agency.Membership": "a role; the name is the user's",
    "agency.AuditLink": "digests only",
    "agency.AuditChain": "digests only",
    "agency.FeedPlace": "numbers only",
    "mentions.Message": "times, and words of the house: its text is the post's",
    "mentions.Tally": "numbers only",
    "mentions.ThreadKey": "digests only",
    "clients.MemberHours": "times only",
    "clients.RotaLayer": "times, and ids of members",
    "workflows.AlertLink": "a digest only",
    "workflows.PromiseTally": "numbers only",
}


@pytest.fixture
def world(db: None, clock: Clock) -> World:
    return make_world("xanadu", now=clock.now)


def test_there_is_a_row_of_every_model_that_belongs_to_an_agency(world: World) -> None:
    with tenant(world.agency_id):
        empty = [
            m._meta.label
            for m in tenant_models()
            if not m._default_manager.filter(agency_id=world.agency_id).exists()
        ]
    assert empty == []


def test_every_model_has_a_text_with_the_mark(world: World) -> None:
    unmarked = set()
    with tenant(world.agency_id):
        for model in tenant_models():
            rows = model._default_manager.filter(agency_id=world.agency_id).values()
            if not any(world.mark in str(value) for row in rows for value in row.values()):
                unmarked.add(model._meta.label)
    assert unmarked == set(UNMARKED)


def test_each_client_has_its_own_of_what_concerns_a_client(world: World) -> None:
    assert world.one.ids.keys() == world.two.ids.keys()
    assert set(world.one.ids.values()).isdisjoint(world.two.ids.values())
    assert {"mention_id", "contact_id", "source_id", "version_id"} <= world.one.ids.keys()


def test_texts_of_the_second_client_carry_its_own_mark(world: World) -> None:
    with tenant(world.agency_id, clients=frozenset({world.one.ids["client_id"]})):
        leaks = [
            model._meta.label
            for model in tenant_models()
            if issubclass(model, models.Model) and getattr(model, "part_of", "")
            for row in model._default_manager.values()
            if world.two.mark in str(row)
        ]
    assert leaks == []

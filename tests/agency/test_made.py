"""Models that are made past `Model.__init__` are those that it makes."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Model
from django.db.models.signals import post_init

from agency.made import new, of_a_row
from agency.models import Agency, AuditEntry, Event
from agency.tenancy import tenant
from mentions.models import Mention
from tests.fixtures import FRIDAY_EVENING
from workflows.models import Clock, ClockEvent, Transition

ENTRY = {"at": FRIDAY_EVENING, "action": "thing.done", "subject_id": UUID(int=3), "details": {"a": 1}}


@pytest.fixture
def inside(agency: Agency) -> Iterator[None]:
    with tenant(agency.pk):
        yield


def held(row: Model, *, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name not in {"_state", *but}}


@pytest.mark.parametrize("model", [AuditEntry, Event, Clock, ClockEvent, Transition, Mention])
def test_a_new_row_has_the_defaults_that_it_has_when_it_is_called(model: type[Model], inside: None) -> None:
    salts = frozenset({"id", "who_salt", "what_salt"})
    made, called = new(model), model()
    assert held(made, but=salts) == held(called, but=salts)
    assert made._state.adding
    assert made._state.db is None
    assert [type(made.pk), len(vars(made))] == [type(called.pk), len(vars(called))]


def test_a_new_row_can_be_stored_and_read_again(inside: None) -> None:
    row = new(AuditEntry, **ENTRY)
    row.save()
    assert AuditEntry.objects.get(pk=row.pk).details == {"a": 1}


def test_defaults_are_made_anew_for_each_row(inside: None) -> None:
    one, other = new(Clock), new(Clock)
    assert one.pk != other.pk
    assert one.fired == other.fired
    assert one.fired is not other.fired


def test_only_its_own_attributes_are_taken(inside: None) -> None:
    with pytest.raises(TypeError, match="AuditEntry has no subject"):
        new(AuditEntry, subject=3)


def test_a_row_that_was_read_is_what_from_db_makes(mention: Mention) -> None:
    names = [field.attname for field in Mention._meta.concrete_fields]
    values = [getattr(mention, name) for name in names]
    made, read = of_a_row(Mention, names, "default")(values), Mention.from_db("default", names, values)
    assert held(made) == held(read)
    assert (made._state.adding, made._state.db) == (False, "default")
    assert made == read == mention


def test_a_part_of_a_row_is_left_to_django(mention: Mention) -> None:
    one = of_a_row(Mention, ["id", "state"], "default")([mention.pk, "new"])
    assert one.get_deferred_fields() > {"version"}


def test_where_somebody_listens_a_model_is_made_as_ever(inside: None) -> None:
    class Heard(Agency):
        class Meta:
            proxy = True
            app_label = "agency"

    seen: list[Any] = []

    def hear(instance: Any, **_: Any) -> None:
        seen.append(instance)

    post_init.connect(hear, sender=Heard)
    try:
        made = new(Heard, name="A")
        names = [field.attname for field in Heard._meta.concrete_fields]
        read = of_a_row(Heard, names, "default")([getattr(made, name) for name in names])
        assert seen == [made, read]
    finally:
        post_init.disconnect(hear, sender=Heard)

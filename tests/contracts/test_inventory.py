"""Every table that holds something of an agency is known to exports and erasures."""

import re
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldError
from django.db import models

from agency.tenancy import TenantForeignKey, tenant
from tests.contracts.world import World, make_world, tenant_models
from tests.fixtures import Clock
from workflows.inventory import INVENTORY, columns, kept, rows_about

# Columns that sound like secrets and aren't: fingerprints of what is exported beside them, and public names.
KNOWN = {
    "agency.ApiKey.prefix",
    "agency.ApiKey.made_by_key_id",
    "agency.AuditEntry.who_salt",  # with them and the words beside them, the chain can be checked
    "agency.AuditEntry.what_salt",
    "agency.AuditLink.who_digest",
    "agency.AuditLink.what_digest",
    "agency.AuditLink.payload_digest",
    "agency.AuditLink.hash",
    "agency.AuditChain.hash",
    "agency.Export.sha256",
    "agency.Agency.second_factor_required",
    "mentions.Author.key",
    "mentions.Post.key",
    "mentions.Post.key_hash",
    "mentions.Post.text_hash",
    "mentions.Source.secret_names",
    "workflows.Decision.digest",
    "workflows.Publication.key",
    "workflows.Publication.approved_digest",
    "workflows.Version.digest",
    "workflows.Version.post_hash",
}
SUSPICIOUS = re.compile(r"password|secret|token|digest|hash|salt|sealed|key|sha256")


def test_every_model_with_an_agency_is_in_the_inventory() -> None:
    assert set(INVENTORY) == {model._meta.label for model in tenant_models()} | {"agency.Agency"}


def test_what_is_left_out_of_exports_has_a_reason_and_files_have_names_of_their_own() -> None:
    assert [label for label, entry in INVENTORY.items() if not entry.file and not entry.why] == []
    files = [entry.file for entry in INVENTORY.values() if entry.file]
    assert len(files) == len(set(files))


def test_what_is_referred_to_comes_before_what_refers() -> None:
    order = list(INVENTORY)
    wrong = [
        (model._meta.label, field.name)
        for model, _ in kept()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and field.remote_field.model._meta.label in INVENTORY
        and order.index(field.remote_field.model._meta.label) > order.index(model._meta.label)
    ]
    # A client names the calendar that it keeps, and a calendar its client: an agency's erasure opens that circle first.
    assert wrong == [("clients.Client", "calendar")]


def test_a_model_that_says_whose_client_it_is_is_found_by_client_and_goes_with_it() -> None:
    for model in tenant_models():
        entry = INVENTORY[model._meta.label]
        if getattr(model, "part_of", ""):
            assert entry.path("client") or entry.subject, model._meta.label


def test_whatever_hangs_on_a_mention_is_part_of_its_work() -> None:
    hanging = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
        and (field.remote_field.model._meta.label == "mentions.Mention")
    }
    assert {label for label in hanging if not INVENTORY[label].work} == set()


def test_no_column_that_sounds_like_a_secret_is_exported_unless_it_is_known_to_be_none() -> None:
    exported = {
        f"{model._meta.label}.{column}"
        for model, entry in kept()
        if entry.file
        for column in columns(model, entry)
    }
    assert {column for column in exported if SUSPICIOUS.search(column.rpartition(".")[2])} == {
        column for column in KNOWN if SUSPICIOUS.search(column.rpartition(".")[2])
    }


def test_every_path_leads_somewhere_and_to_nothing_of_another_client(db: None, clock: Clock) -> None:
    world: World = make_world("xanadu", now=clock.now)
    with tenant(world.agency_id):
        told = _told("client", world.one.ids["client_id"])
        _told("author", world.ids["author_id"])
    assert sum(world.one.mark in row for row in told) > 20
    assert [row for row in told if world.two.mark in row] == []


def _told(kind: str, about_id: UUID) -> list[str]:
    found: list[str] = []
    for model, entry in kept():
        try:
            rows = rows_about(model, entry, kind=kind, about_id=about_id)
        except FieldError as error:
            raise AssertionError(model._meta.label) from error
        found += [str(row) for row in rows.values()] if rows is not None else []
    return found

"""What the database itself says about tenancy: generated over every table, so that a new one can't be forgotten."""

import os

import psycopg
import pytest
from django.apps import apps
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel

# Tables outside row security, each with its reason.
OUTSIDE = {
    "agency_agency": "the tenant itself; read before it is entered",
    "agency_user": "a person may work for several agencies",
    "agency_membership": "says which agencies a person may enter",
    "agency_apikey": "found by its prefix before the agency is known; holds a hash",
    "agency_alarm": "one sweep serves all agencies; ids and times only",
    "workflows_approvallink": "found by its token's hash before the agency is known; ids and times only",
    "account_emailaddress": "allauth's, about users",
    "account_emailconfirmation": "allauth's, about users",
    "auth_group": "Django's, unused",
    "auth_group_permissions": "Django's, unused",
    "auth_permission": "Django's, unused",
    "django_content_type": "Django's",
    "django_migrations": "Django's",
    "django_session": "Django's; names a user",
}
POLICY = "(agency_id = ( SELECT (NULLIF(current_setting('app.agency_id'::text, true), ''::text))::uuid AS \"nullif\"))"


@pytest.fixture(scope="module")
def owner() -> psycopg.Connection[tuple[object, ...]]:
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"], autocommit=True) as connection:
        yield connection  # type: ignore[misc]


def test_every_table_is_a_tenants_or_is_excused(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    rows = owner.execute(
        "SELECT relname, relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind IN ('r', 'p')"
    ).fetchall()
    assert {name for name, secured in rows if not secured} == set(OUTSIDE)


def test_every_tenant_table_has_exactly_the_one_policy(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    rows = owner.execute(
        "SELECT tablename, permissive, roles::text, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
    ).fetchall()
    tenants = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)}
    assert sorted(str(row[0]) for row in rows) == sorted(tenants)
    assert {tuple(row[1:]) for row in rows} == {("PERMISSIVE", "{public}", "ALL", POLICY, POLICY)}


def test_every_tenant_table_names_its_agency(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND NOT EXISTS (SELECT 1 FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname = 'agency_id' AND a.attnotnull)"
    ).fetchall()
    assert rows == []


def test_foreign_keys_between_tenants_are_composite(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    rows = owner.execute(
        """
        SELECT conname FROM pg_constraint k
          JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
         WHERE k.contype = 'f' AND t.relrowsecurity AND r.relname <> 'agency_agency'
           AND NOT (SELECT attname FROM pg_attribute WHERE attrelid = t.oid AND attnum = k.conkey[1]) = 'agency_id'
        """
    ).fetchall()
    assert rows == []
    declared = [
        field
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
    ]
    composite = owner.execute(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND cardinality(conkey) = 2"
    ).fetchone()
    assert composite == (len(declared),)


def test_plain_foreign_keys_of_tenant_models_point_only_to_the_agency() -> None:
    plain = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and not isinstance(field, TenantForeignKey)
        and field.name != "agency"
    }
    assert plain == set()


def test_unique_constraints_begin_with_the_agency(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    rows = owner.execute(
        """
        SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
         WHERE t.relrowsecurity AND x.indisunique AND NOT x.indisprimary
           AND NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = t.oid AND attnum = x.indkey[0] AND attname = 'agency_id')
        """
    ).fetchall()
    assert rows == []


def test_the_working_role_owns_nothing_and_bypasses_nothing(
    owner: psycopg.Connection[tuple[object, ...]],
) -> None:
    row = owner.execute(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'earshot_app'"
    ).fetchone()
    assert row == (False, False, False, False)
    owned = owner.execute("SELECT count(*) FROM pg_class WHERE relowner = 'earshot_app'::regrole").fetchone()
    assert owned == (0,)


def test_no_view_or_function_sees_past_the_policies(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    views = owner.execute(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind IN ('v', 'm')"
    ).fetchall()
    definers = owner.execute(
        "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
        " WHERE nspname = 'public' AND prosecdef"
    ).fetchall()
    assert (views, definers) == ([], [])


@pytest.mark.parametrize(
    ("table", "refused"),
    [
        ("agency_auditentry", {"UPDATE", "DELETE", "TRUNCATE"}),
        ("agency_event", {"UPDATE", "TRUNCATE"}),
        ("workflows_transition", {"UPDATE", "TRUNCATE"}),
        ("workflows_clockevent", {"UPDATE", "TRUNCATE"}),
        ("workflows_attempt", {"UPDATE", "TRUNCATE"}),
        ("workflows_version", {"UPDATE", "TRUNCATE"}),
    ],
)
def test_proofs_of_the_past_can_only_be_added_to(
    owner: psycopg.Connection[tuple[object, ...]], table: str, refused: set[str]
) -> None:
    allowed = {
        right
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
        if owner.execute("SELECT has_table_privilege('earshot_app', %s, %s)", [table, right]).fetchone()
        == (True,)
    }
    assert allowed == {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"} - refused - {"TRUNCATE"}

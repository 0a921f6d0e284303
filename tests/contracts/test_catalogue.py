"""What the database itself says about tenancy: generated over every table, so that a new one can't be forgotten.

What is excused, and why, is said in `agency/outside.py`.
"""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import models

from agency.outside import DEFINERS, NARROWED, OUTSIDE, USUAL
from agency.tenancy import TenantForeignKey, TenantModel

Owner = psycopg.Connection[tuple[Any, ...]]
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
POLICY = "(agency_id = ( SELECT (NULLIF(current_setting('app.agency_id'::text, true), ''::text))::uuid AS \"nullif\"))"


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"], autocommit=True) as connection:
        yield connection


def test_every_table_is_a_tenants_or_is_excused(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT relname, relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind IN ('r', 'p')"
    ).fetchall()
    assert {name for name, secured in rows if not secured} == set(OUTSIDE)


def test_every_tenant_table_has_exactly_the_one_policy(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT tablename, permissive, roles::text, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
    ).fetchall()
    tenants = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)}
    assert sorted(str(row[0]) for row in rows) == sorted(tenants)
    assert {tuple(row[1:]) for row in rows} == {("PERMISSIVE", "{public}", "ALL", POLICY, POLICY)}


def test_every_tenant_table_names_its_agency(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND NOT EXISTS (SELECT 1 FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname = 'agency_id' AND a.attnotnull)"
    ).fetchall()
    assert rows == []


def test_foreign_keys_between_tenants_are_composite(owner: Owner) -> None:
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


def test_unique_constraints_begin_with_the_agency(owner: Owner) -> None:
    rows = owner.execute(
        """
        SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
         WHERE t.relrowsecurity AND x.indisunique AND NOT x.indisprimary
           AND NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = t.oid AND attnum = x.indkey[0] AND attname = 'agency_id')
        """
    ).fetchall()
    assert rows == []


def test_the_working_role_owns_nothing_and_bypasses_nothing(
    owner: Owner,
) -> None:
    row = owner.execute(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'earshot_app'"
    ).fetchone()
    assert row == (False, False, False, False)
    owned = owner.execute("SELECT count(*) FROM pg_class WHERE relowner = 'earshot_app'::regrole").fetchone()
    assert owned == (0,)


def test_no_view_or_function_sees_past_the_policies(owner: Owner) -> None:
    views = owner.execute(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind IN ('v', 'm')"
    ).fetchall()
    assert views == []
    definers = owner.execute(
        "SELECT proname, (SELECT s FROM unnest(proconfig) AS s WHERE starts_with(s, 'search_path=')),"
        " has_function_privilege('public', p.oid, 'EXECUTE')"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public' AND prosecdef"
    ).fetchall()
    assert {name for name, _, _ in definers} == set(DEFINERS)
    # pg_temp last: else a temporary table could stand in for one of ours.
    assert {path for _, path, _ in definers} == {"search_path=pg_catalog, public, pg_temp"}
    assert not any(public for _, _, public in definers)


def test_the_working_role_may_do_with_each_table_what_is_written_and_no_more(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT c.relname, array(SELECT p FROM unnest(%s::text[]) AS p"
        " WHERE has_table_privilege('earshot_app', c.oid, p) ORDER BY p)"
        " FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
        [[*ALL]],
    ).fetchall()
    allowed = {name: frozenset(rights) for name, rights in rows}
    assert NARROWED.keys() <= allowed.keys()
    assert allowed == {name: NARROWED.get(name, USUAL) for name in allowed}


def test_no_column_is_granted_by_itself(owner: Owner) -> None:
    """A grant of a column would be one that the tables' own privileges don't show."""
    rows = owner.execute(
        "SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND attacl IS NOT NULL"
    ).fetchall()
    assert rows == []


def test_the_public_may_do_nothing(owner: Owner) -> None:
    """Neither with tables and sequences nor with functions, nor make anything here."""
    relations = owner.execute(
        "SELECT relname, a.privilege_type FROM pg_class c, aclexplode(relacl) a"
        " WHERE relnamespace = 'public'::regnamespace AND a.grantee = 0"
    ).fetchall()
    functions = owner.execute(
        "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
        " AND has_function_privilege('public', p.oid, 'EXECUTE')"
    ).fetchall()
    assert (relations, functions) == ([], [])
    for who in ("public", "earshot_app"):
        makes = owner.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [who]).fetchone()
        assert makes == (False,)
    temporary = owner.execute(
        "SELECT has_database_privilege('earshot_app', current_database(), 'TEMPORARY')"
    ).fetchone()
    assert temporary == (False,)


def test_what_the_owner_makes_next_is_granted_as_narrowly(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT coalesce(nspname, ''), defaclobjtype::text, pg_get_userbyid(grantee), array_agg(privilege_type::text"
        " ORDER BY privilege_type) FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = defaclnamespace,"
        " aclexplode(defaclacl) WHERE grantee <> defaclrole GROUP BY 1, 2, 3"
    ).fetchall()
    assert {tuple(row[:3]): set(row[3]) for row in rows} == {
        ("public", "r", "earshot_app"): set(USUAL),
        ("public", "S", "earshot_app"): {"SELECT", "USAGE"},
        ("public", "f", "earshot_app"): {"EXECUTE"},
    }


def test_sequences_are_used_and_never_set(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
        " AND has_sequence_privilege('earshot_app', quote_ident(sequencename), 'UPDATE')"
    ).fetchall()
    assert rows == []


def test_no_rule_rewrites_what_is_asked(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT rulename FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class"
        " WHERE relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert rows == []


def test_triggers_run_as_the_owner_only_where_that_is_excused(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT DISTINCT proname FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid"
        " WHERE NOT tgisinternal AND prosecdef"
    ).fetchall()
    assert {name for (name,) in rows} == {
        name for name, why in DEFINERS.items() if why.startswith("trigger: ")
    }


# Asked for many agencies at once, by a process that waits for all of them.
OF_MANY = {"agency_feed_heads": "how many events each has had: a count, for who knows the agency's id"}


def test_functions_that_run_as_the_owner_ask_which_agency_was_entered(owner: Owner) -> None:
    """Triggers see the row's own agency; whatever else is called from outside filters by the setting."""
    rows = owner.execute(
        "SELECT proname, prosrc, prorettype = 'trigger'::regtype FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    ).fetchall()
    assert {name for name, _, is_trigger in rows if is_trigger} == {
        name for name, why in DEFINERS.items() if why.startswith("trigger: ")
    }
    for name, source, is_trigger in rows:
        # A trigger on rows that are gone has their agency.
        its_own = ("NEW.agency_id", "gone.agency_id")
        wanted = its_own if is_trigger else ("current_setting('app.agency_id', true)",)
        assert name in OF_MANY or any(word in source for word in (*wanted, "PERFORM")), name


def test_the_parts_of_partitioned_tables_are_guarded_too(owner: Owner) -> None:
    """A policy of a partitioned table doesn't hold for whoever asks a partition by its own name."""
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relispartition AND NOT c.relrowsecurity"
    ).fetchall()
    assert rows == []


def test_there_is_no_other_schema_to_hide_in(owner: Owner) -> None:
    rows = owner.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
    ).fetchall()
    assert rows == [("public",)]

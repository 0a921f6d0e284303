"""The audit log becomes a chain for each agency, which the database keeps.

As a transaction commits, each of its entries gets a link. Two deferred triggers do it: the first makes the link with
its digests; the second, on the link, takes the chain's head, and so runs after every other deferred check of the
transaction (what they queue comes last). The head is thereby the last lock that a transaction takes, so nobody who
holds it waits for anybody. `agency/chain.py` says what is hashed.

The functions run as the owner, who isn't bound by the policies; the working role may only read chain and links. pg_temp
comes last in their search path, or a temporary table could stand in for one of ours.
"""

import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.models.audit
import agency.tenancy

AGENCY = "NULLIF(current_setting('app.agency_id', true), '')::uuid"

FUNCTIONS = f"""
CREATE FUNCTION agency_audit_digest(told text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(told, 'UTF8')), 'hex') $$;

-- An entry's link, still without a place.
CREATE FUNCTION agency_audit_link(entry_id uuid) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    entry agency_auditentry;
    who text;
    what text;
BEGIN
    SELECT * INTO entry FROM agency_auditentry WHERE id = entry_id;
    IF NOT FOUND THEN
        RETURN;  -- the whole agency was erased since
    END IF;
    who := agency_audit_digest(entry.who_salt || jsonb_build_array(entry.actor_name, entry.address)::text);
    what := agency_audit_digest(entry.what_salt || jsonb_build_array(entry.subject_name, entry.details)::text);
    INSERT INTO agency_auditlink (id, agency_id, seq, who_digest, what_digest, payload_digest, hash)
    VALUES (entry.id, entry.agency_id, NULL, who, what, agency_audit_digest(jsonb_build_array(
        entry.id::text, entry.agency_id::text,
        to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        entry.action, entry.actor_kind, entry.actor_id::text,
        entry.subject_type, entry.subject_id::text, entry.client_id::text, who, what)::text), '');
END $$;

-- After the insert of an entry.
CREATE FUNCTION agency_audit_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM agency_audit_link(NEW.id);
    RETURN NULL;
END $$;

-- After the insert of a link: its place, and the chain's new head.
CREATE FUNCTION agency_audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head record;
BEGIN
    INSERT INTO agency_auditchain AS chain (id, agency_id, seq, hash)
    VALUES (NEW.agency_id, NEW.agency_id, 1,
            agency_audit_digest(repeat('0', 64) || ' 1 ' || NEW.payload_digest))
    ON CONFLICT (agency_id) DO UPDATE
       SET seq = chain.seq + 1,
           hash = agency_audit_digest(chain.hash || ' ' || chain.seq + 1 || ' ' || NEW.payload_digest)
    RETURNING seq, hash INTO head;
    UPDATE agency_auditlink SET seq = head.seq, hash = head.hash WHERE id = NEW.id;
    RETURN NULL;
END $$;

-- Blank what is told about (and by) these subjects, or about a whole client; leave an entry that counts the parts.
CREATE FUNCTION agency_audit_erase(subjects uuid[], of_client uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    inside uuid := {AGENCY};
    entries bigint;
    parts bigint;
BEGIN
    WITH meant AS (
        SELECT id,
               who_salt <> '' AND (actor_id = ANY (subjects)
                   OR (actor_kind = 'contact' AND client_id = of_client)) IS TRUE AS who,
               what_salt <> '' AND (subject_id = ANY (subjects) OR client_id = of_client
                   OR (actor_kind = 'contact' AND actor_id = ANY (subjects))) IS TRUE AS what
          FROM agency_auditentry
         WHERE agency_id = inside
           AND (client_id = of_client OR subject_id = ANY (subjects) OR actor_id = ANY (subjects))
    ), blanked AS (
        UPDATE agency_auditentry AS entry
           SET actor_name = CASE WHEN who THEN '' ELSE actor_name END,
               address = CASE WHEN who THEN '' ELSE address END,
               who_salt = CASE WHEN who THEN '' ELSE who_salt END,
               subject_name = CASE WHEN what THEN '' ELSE subject_name END,
               details = CASE WHEN what THEN '{{}}' ELSE details END,
               what_salt = CASE WHEN what THEN '' ELSE what_salt END,
               erased_at = statement_timestamp()
          FROM meant
         WHERE entry.id = meant.id AND entry.agency_id = inside AND (who OR what)
        RETURNING who::int + what::int AS n
    )
    SELECT count(*), coalesce(sum(n), 0) INTO entries, parts FROM blanked;
    IF entries > 0 THEN
        INSERT INTO agency_auditentry (id, agency_id, at, action, actor_kind, actor_name, address, subject_type,
                                       subject_name, details, who_salt, what_salt)
        VALUES (gen_random_uuid(), inside, statement_timestamp(), 'audit.erased', 'system', 'Earshot', '', '',
                '', jsonb_build_object('entries', entries, 'parts', parts),
                replace(gen_random_uuid()::text, '-', ''), replace(gen_random_uuid()::text, '-', ''));
    END IF;
    RETURN entries;
END $$;

-- Remove the whole log of an agency that is being erased.
CREATE FUNCTION agency_audit_remove() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    inside uuid := {AGENCY};
    removed bigint;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM agency_agency WHERE id = inside AND erasing_at IS NOT NULL) THEN
        RAISE EXCEPTION 'Only the log of an agency that is being erased can be removed.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM agency_auditchain WHERE agency_id = inside;
    DELETE FROM agency_auditlink WHERE agency_id = inside;
    DELETE FROM agency_auditentry WHERE agency_id = inside;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;

-- After a log was removed: whoever may mark an agency as being erased could begin its log anew otherwise.
CREATE FUNCTION agency_audit_gone() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM agency_agency WHERE id = OLD.agency_id) THEN
        RAISE EXCEPTION 'The log of an agency goes only together with the agency.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION agency_audit_link(uuid), agency_audit_seal(), agency_audit_chain(), agency_audit_gone(),
    agency_audit_erase(uuid[], uuid), agency_audit_remove() FROM PUBLIC, earshot_app;
GRANT EXECUTE ON FUNCTION agency_audit_erase(uuid[], uuid), agency_audit_remove() TO earshot_app;

REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON agency_auditlink, agency_auditchain FROM earshot_app;
"""  # noqa: S608  (a constant of ours)

# What was recorded before there was a chain: its client, as far as that is known still, a salt each, and its place.
EARLIER = """
DO $$
DECLARE
    about record;
    entry record;
    inside uuid;
    place bigint;
    head text;
BEGIN
    UPDATE agency_auditentry SET client_id = subject_id WHERE subject_type = 'client';
    FOR about IN SELECT * FROM (VALUES
        ('mention', 'mentions_mention'), ('source', 'mentions_source'), ('contact', 'clients_contact'),
        ('query', 'clients_query'), ('template', 'clients_template'), ('slapolicy', 'clients_slapolicy'),
        ('approvalpolicy', 'clients_approvalpolicy')) AS known (kind, tbl)
    LOOP
        IF to_regclass(about.tbl) IS NOT NULL THEN
            EXECUTE format('UPDATE agency_auditentry e SET client_id = s.client_id FROM %I s'
                ' WHERE e.subject_type = %L AND s.id = e.subject_id AND s.agency_id = e.agency_id',
                about.tbl, about.kind);
        END IF;
    END LOOP;
    UPDATE agency_auditentry SET who_salt = replace(gen_random_uuid()::text, '-', ''),
                                 what_salt = replace(gen_random_uuid()::text, '-', '');
    FOR entry IN SELECT id, agency_id FROM agency_auditentry ORDER BY agency_id, at, id LOOP
        IF entry.agency_id IS DISTINCT FROM inside THEN
            inside := entry.agency_id;
            place := 0;
            head := repeat('0', 64);
        END IF;
        PERFORM agency_audit_link(entry.id);
        place := place + 1;
        UPDATE agency_auditlink
           SET seq = place, hash = agency_audit_digest(head || ' ' || place || ' ' || payload_digest)
         WHERE id = entry.id RETURNING hash INTO head;
    END LOOP;
    INSERT INTO agency_auditchain (id, agency_id, seq, hash)
    SELECT DISTINCT ON (agency_id) agency_id, agency_id, seq, hash FROM agency_auditlink ORDER BY agency_id, seq DESC;
END $$;
"""

TRIGGERS = """
CREATE CONSTRAINT TRIGGER audit_entry_is_sealed AFTER INSERT ON agency_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION agency_audit_seal();
-- By its name it comes after the foreign keys' own triggers, which wait for others.
CREATE CONSTRAINT TRIGGER audit_link_is_chained AFTER INSERT ON agency_auditlink
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION agency_audit_chain();
CREATE CONSTRAINT TRIGGER audit_log_goes_with_its_agency AFTER DELETE ON agency_auditchain
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION agency_audit_gone();
"""

DROP = """
DROP TRIGGER audit_log_goes_with_its_agency ON agency_auditchain;
DROP TRIGGER audit_link_is_chained ON agency_auditlink;
DROP TRIGGER audit_entry_is_sealed ON agency_auditentry;
DROP FUNCTION agency_audit_remove(), agency_audit_erase(uuid[], uuid), agency_audit_gone(), agency_audit_chain(),
    agency_audit_seal(), agency_audit_link(uuid), agency_audit_digest(text);
"""


def _of_agency():
    return models.ForeignKey(
        db_index=False,
        default=agency.tenancy.current_agency,
        editable=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="agency.agency",
    )


def _id():
    return models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)


def _salt():
    return models.CharField(default=agency.models.audit.new_salt, editable=False, max_length=32)


class Migration(migrations.Migration):
    dependencies = [("agency", "0003_limits")]

    operations = [
        migrations.CreateModel(
            name="AuditChain",
            fields=[
                ("id", _id()),
                ("seq", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64)),
                ("agency", _of_agency()),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=["agency"], name="agency_has_one_audit_chain"),
                    agency.tenancy.RowSecurity(name="agency_auditchain_of_one_agency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("id", _id()),
                ("seq", models.BigIntegerField(null=True)),
                ("who_digest", models.CharField(max_length=64)),
                ("what_digest", models.CharField(max_length=64)),
                ("payload_digest", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("agency", _of_agency()),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("seq__isnull", False)),
                        fields=["agency", "seq"],
                        name="audit_chain_has_one_link_at_a_place",
                    ),
                    agency.tenancy.RowSecurity(name="agency_auditlink_of_one_agency"),
                ],
            },
        ),
        migrations.AddField("auditentry", "client_id", models.UUIDField(null=True)),
        migrations.AddField("auditentry", "erased_at", models.DateTimeField(null=True)),
        migrations.AddField("auditentry", "what_salt", _salt()),
        migrations.AddField("auditentry", "who_salt", _salt()),
        migrations.AddIndex(
            "auditentry", models.Index(fields=["agency", "client_id", "-at", "-id"], name="audit_of_client")
        ),
        migrations.AddIndex(
            "auditentry", models.Index(fields=["agency", "actor_id", "-at", "-id"], name="audit_of_actor")
        ),
        migrations.RunSQL(FUNCTIONS, DROP),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]

"""Each event gets a number in its agency's feed, in the order in which transactions commit.

Whoever has read up to a number has then missed nothing below it. An id can't promise that: it is made before the commit,
so a slow transaction's event would come to light behind a reader who is past it.

It works like the audit chain (0004), and with the same last lock. As a transaction commits, each of its events gets a
place without a number (-1, -2, … in the order of a sequence). A second deferred trigger, on the place, runs after every
other deferred check; the first of them takes the agency's head, which the chain has as well, and numbers all places of
the transaction at once. What is below 0 and can be seen is this transaction's own: others' is never committed so.
Whoever holds the head waits for nobody, and the next one gets it after the commit, so numbers rise with commits.

One head for both, because a transaction that took one head and then the other could meet one that does it the other way
around.

The functions run as the owner; the working role may only read the places. pg_temp comes last in their search path.
"""

import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

FUNCTIONS = """
CREATE SEQUENCE agency_feed_turn;

-- After the insert of an event: its place, still without a number.
CREATE FUNCTION agency_feed_queue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO agency_feedplace (id, agency_id, number)
    SELECT id, agency_id, -nextval('agency_feed_turn') FROM agency_event
     WHERE id = NEW.id AND agency_id = NEW.agency_id;
    RETURN NULL;
END $$;

-- After the insert of a place: the numbers of all that the transaction has, and the agency's new head.
-- Never a walk over all places, whatever the planner believes of a table that has just begun to grow.
CREATE FUNCTION agency_feed_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    fresh bigint;
    head bigint;
BEGIN
    PERFORM FROM agency_feedplace WHERE id = NEW.id AND number = NEW.number;
    IF NOT FOUND THEN
        RETURN NULL;  -- numbered, with one that came earlier
    END IF;
    SELECT count(*) INTO fresh FROM agency_feedplace WHERE agency_id = NEW.agency_id AND number <= NEW.number;
    INSERT INTO agency_auditchain AS chain (id, agency_id, seq, hash, events)
    VALUES (NEW.agency_id, NEW.agency_id, 0, repeat('0', 64), fresh)
    ON CONFLICT (agency_id) DO UPDATE SET events = chain.events + fresh
    RETURNING events INTO head;
    IF fresh = 1 THEN
        UPDATE agency_feedplace SET number = head WHERE id = NEW.id;
    ELSE
        UPDATE agency_feedplace AS place SET number = head - fresh + mine.turn
          FROM (SELECT id, row_number() OVER (ORDER BY number DESC) AS turn FROM agency_feedplace
                 WHERE agency_id = NEW.agency_id AND number <= NEW.number) AS mine
         WHERE place.id = mine.id;
    END IF;
    RETURN NULL;
END $$;

-- After events were deleted.
CREATE FUNCTION agency_feed_forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM agency_feedplace AS place USING gone WHERE place.id = gone.id AND place.agency_id = gone.agency_id;
    RETURN NULL;
END $$;

-- How many events each of these agencies has had: for a process that waits for news of many.
CREATE FUNCTION agency_feed_heads(wanted uuid[]) RETURNS TABLE (agency_id uuid, events bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT chain.agency_id, chain.events FROM agency_auditchain AS chain WHERE chain.agency_id = ANY (wanted)
$$;

REVOKE ALL ON SEQUENCE agency_feed_turn FROM PUBLIC, earshot_app;
REVOKE ALL ON FUNCTION agency_feed_queue(), agency_feed_number(), agency_feed_forget(), agency_feed_heads(uuid[])
    FROM PUBLIC, earshot_app;
GRANT EXECUTE ON FUNCTION agency_feed_heads(uuid[]) TO earshot_app;

REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON agency_feedplace FROM earshot_app;
"""

# What happened before there were numbers: by its id, as it was read until now.
EARLIER = """
INSERT INTO agency_feedplace (id, agency_id, number)
SELECT id, agency_id, row_number() OVER (PARTITION BY agency_id ORDER BY id) FROM agency_event;
INSERT INTO agency_auditchain (id, agency_id, seq, hash, events)
SELECT agency_id, agency_id, 0, repeat('0', 64), count(*) FROM agency_event GROUP BY agency_id
ON CONFLICT (agency_id) DO UPDATE SET events = EXCLUDED.events;
"""

TRIGGERS = """
CREATE CONSTRAINT TRIGGER event_is_queued AFTER INSERT ON agency_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION agency_feed_queue();
-- By its name it comes after the foreign keys' own triggers, which wait for others.
CREATE CONSTRAINT TRIGGER feed_place_is_numbered AFTER INSERT ON agency_feedplace
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION agency_feed_number();
CREATE TRIGGER event_takes_its_place_along AFTER DELETE ON agency_event
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION agency_feed_forget();
"""

DROP = """
DROP TRIGGER event_takes_its_place_along ON agency_event;
DROP TRIGGER feed_place_is_numbered ON agency_feedplace;
DROP TRIGGER event_is_queued ON agency_event;
DROP FUNCTION agency_feed_heads(uuid[]), agency_feed_forget(), agency_feed_number(), agency_feed_queue();
DROP SEQUENCE agency_feed_turn;
"""


class Migration(migrations.Migration):
    dependencies = [("agency", "0010_idempotency")]

    operations = [
        migrations.AddField("agency", "events_gone", models.BigIntegerField(default=0, editable=False)),
        migrations.AddField("auditchain", "events", models.BigIntegerField(db_default=0)),
        migrations.CreateModel(
            name="FeedPlace",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.BigIntegerField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        default=agency.tenancy.current_agency,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agency.agency",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "number"), name="feed_has_one_event_at_a_number"
                    ),
                    agency.tenancy.RowSecurity(name="agency_feedplace_of_one_agency"),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, DROP),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]

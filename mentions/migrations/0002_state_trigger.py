"""The database's own copy of the machine: a state changes along it, or not at all, whoever asks."""

from django.db import migrations

MOVES = """
    ('new', 'claimed'), ('claimed', 'new'), ('claimed', 'awaiting_client'), ('awaiting_client', 'claimed'),
    ('awaiting_client', 'approved'), ('claimed', 'approved'), ('approved', 'claimed'), ('approved', 'responded'),
    ('new', 'dismissed'), ('claimed', 'dismissed'), ('awaiting_client', 'dismissed'),
    ('responded', 'claimed'), ('dismissed', 'claimed')
"""

CREATE = f"""
CREATE FUNCTION mentions_keep_to_the_machine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'new' THEN
            RAISE EXCEPTION 'A mention begins as new, not as %.', NEW.state USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN ({MOVES}) THEN
        RAISE EXCEPTION 'A mention does not go from % to %.', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.version <= OLD.version THEN
        RAISE EXCEPTION 'A change of state takes a new version.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER mention_begins_as_new BEFORE INSERT ON mentions_mention
    FOR EACH ROW EXECUTE FUNCTION mentions_keep_to_the_machine();
CREATE TRIGGER mention_keeps_to_the_machine BEFORE UPDATE ON mentions_mention
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION mentions_keep_to_the_machine();
"""

DROP = """
DROP TRIGGER mention_keeps_to_the_machine ON mentions_mention;
DROP TRIGGER mention_begins_as_new ON mentions_mention;
DROP FUNCTION mentions_keep_to_the_machine();
"""


class Migration(migrations.Migration):
    dependencies = [("mentions", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]

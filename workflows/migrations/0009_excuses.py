import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

REASONS = [
    ("outage", "The platform was down, or would not let us in"),
    ("source", "The source reached us late or wrong"),
    ("client", "We waited for facts from the client"),
    ("agreed", "Agreed with the client"),
    ("mistake", "The clock was wrong: priority, hours or a duplicate"),
    ("force", "Something nobody could have prevented"),
    ("other", "Something else"),
]
STATES = [
    ("asked", "Waiting for a decision"),
    ("granted", "Excused"),
    ("refused", "Not excused"),
    ("withdrawn", "Taken back"),
]
# What was asked, and what was decided, stays as it was: one person asks first, then another decides, once.
CREATE = """
CREATE FUNCTION workflows_excuse_is_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'asked' THEN
            RAISE EXCEPTION 'An excuse is asked for first.' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'asked' THEN
        RAISE EXCEPTION 'This excuse is decided.' USING ERRCODE = 'check_violation';
    END IF;
    IF (OLD.id, OLD.clock_id, OLD.reason, OLD.text, OLD.asked_by, OLD.asked_by_name, OLD.asked_at)
       IS DISTINCT FROM
       (NEW.id, NEW.clock_id, NEW.reason, NEW.text, NEW.asked_by, NEW.asked_by_name, NEW.asked_at) THEN
        RAISE EXCEPTION 'What was asked stays as it was.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER excuse_is_decided_once BEFORE INSERT OR UPDATE ON workflows_excuse
    FOR EACH ROW EXECUTE FUNCTION workflows_excuse_is_decided_once();
"""
DROP = """
DROP TRIGGER excuse_is_decided_once ON workflows_excuse;
DROP FUNCTION workflows_excuse_is_decided_once();
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_escalation")]

    operations = [
        migrations.AddField(
            model_name="promisetally",
            name="excused",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="Excuse",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reason", models.CharField(choices=REASONS, max_length=10)),
                ("text", models.CharField(max_length=1000)),
                ("state", models.CharField(choices=STATES, default="asked", max_length=10)),
                ("asked_by", models.UUIDField()),
                ("asked_by_name", models.CharField(max_length=120)),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_by_name", models.CharField(blank=True, max_length=120)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=1000)),
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
                (
                    "clock",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="excuses",
                        to="workflows.clock",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["agency", "clock"], name="excuse_of_clock"),
                    models.Index(fields=["agency", "-asked_at", "-id"], name="excuse_newest"),
                    models.Index(
                        fields=["agency", "asked_at", "id"],
                        name="excuse_waiting",
                        condition=models.Q(("state", "asked")),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "clock"),
                        condition=models.Q(("state__in", ["asked", "granted"])),
                        name="breach_is_excused_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["granted", "refused"]), _negated=True),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="excuse_needs_a_second_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "withdrawn"), _negated=True),
                            models.Q(("decided_at__isnull", False), ("decided_by", models.F("asked_by"))),
                            _connector="OR",
                        ),
                        name="excuse_is_taken_back_by_who_asked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "asked"), _negated=True),
                            models.Q(("decided_at", None), ("decided_by", None)),
                            _connector="OR",
                        ),
                        name="open_excuse_is_undecided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="excuse_says_why"
                    ),
                    agency.tenancy.RowSecurity(name="workflows_excuse_of_one_agency"),
                    models.UniqueConstraint(fields=("agency", "id"), name="workflows_excuse_in_agency"),
                    agency.tenancy.SameAgency(field="clock", name="workflows_excuse_clock_same_agency"),
                ],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]

"""Conversations: what posts answer, what was written later, the clients' own accounts, and answers made elsewhere."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

BEFORE = """
    ('new', 'claimed'), ('claimed', 'new'), ('claimed', 'awaiting_client'), ('awaiting_client', 'claimed'),
    ('awaiting_client', 'approved'), ('claimed', 'approved'), ('approved', 'claimed'), ('approved', 'responded'),
    ('new', 'dismissed'), ('claimed', 'dismissed'), ('awaiting_client', 'dismissed'),
    ('responded', 'claimed'), ('dismissed', 'claimed')
"""
ELSEWHERE = "('new', 'responded'), ('claimed', 'responded'), ('awaiting_client', 'responded')"

FUNCTION = """
CREATE OR REPLACE FUNCTION mentions_keep_to_the_machine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'new' THEN
            RAISE EXCEPTION 'A mention begins as new, not as %.', NEW.state USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN ({moves}) THEN
        RAISE EXCEPTION 'A mention does not go from % to %.', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    {external}
    IF NEW.version <= OLD.version THEN
        RAISE EXCEPTION 'A change of state takes a new version.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
# A reply of ours has been approved before it goes out: without that, only the client's own answer closes a mention.
EXTERNAL = """
    IF NEW.state = 'responded' AND OLD.state <> 'approved' AND NOT NEW.external THEN
        RAISE EXCEPTION 'Only what the client answered by itself needs no approval.' USING ERRCODE = 'check_violation';
    END IF;
"""
CREATE = FUNCTION.format(moves=f"{BEFORE}, {ELSEWHERE}", external=EXTERNAL)
DROP = FUNCTION.format(moves=BEFORE, external="")


CLOCKS = [
    ("claim", "Claim"),
    ("respond", "Respond"),
    ("decide", "Client decides"),
    ("publish", "Publish"),
    ("next_response", "Respond again"),
]


def _row():
    return (
        "id",
        models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False),
    )


def _agency():
    return (
        "agency",
        models.ForeignKey(
            db_index=False,
            default=agency.tenancy.current_agency,
            editable=False,
            on_delete=django.db.models.deletion.CASCADE,
            related_name="+",
            to="agency.agency",
        ),
    )


def _key(to, related_name):
    return agency.tenancy.TenantForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to=to,
    )


class Migration(migrations.Migration):
    dependencies = [("clients", "0004_calendars"), ("mentions", "0005_source_secrets")]

    operations = [
        migrations.AddField("post", "in_reply_to", models.CharField(blank=True, default="", max_length=2000)),
        migrations.AddField("post", "conversation", models.CharField(blank=True, default="", max_length=600)),
        migrations.AddField("mention", "external", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="ThreadKey",
            fields=[
                _row(),
                ("key_hash", models.CharField(max_length=64)),
                ("thread", models.UUIDField()),
                (
                    "parents",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("noted_at", models.DateTimeField()),
                _agency(),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["agency", "thread"], name="key_of_conversation"),
                    models.Index(fields=["agency", "noted_at"], name="key_oldest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("agency", "key_hash"), name="key_is_in_one_conversation"),
                    agency.tenancy.RowSecurity(name="mentions_threadkey_of_one_agency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                _row(),
                (
                    "by",
                    models.CharField(
                        choices=[("author", "The author"), ("client", "The client")], max_length=8
                    ),
                ),
                ("direct", models.BooleanField(default=True)),
                (
                    "matched",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), default=list, size=None
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("joined", "Joined"),
                            ("reopened", "Reopened it"),
                            ("raised", "Became a mention of its own"),
                            ("answered", "Answered it"),
                            ("noted", "Waits for a person"),
                        ],
                        default="joined",
                        max_length=8,
                    ),
                ),
                _agency(),
                ("mention", _key("mentions.mention", "messages")),
                ("post", _key("mentions.post", "messages")),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["agency", "post"], name="message_of_post")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "mention", "post"), name="post_joins_a_mention_once"
                    ),
                    agency.tenancy.RowSecurity(name="mentions_message_of_one_agency"),
                    agency.tenancy.SameAgency(field="mention", name="mentions_message_mention_same_agency"),
                    agency.tenancy.SameAgency(field="post", name="mentions_message_post_same_agency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnAccount",
            fields=[
                _row(),
                ("account", models.CharField(max_length=500)),
                ("digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=120)),
                _agency(),
                ("client", _key("clients.client", "own_accounts")),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("agency", "client", "digest"), name="own_account_is_one"),
                    agency.tenancy.RowSecurity(name="mentions_ownaccount_of_one_agency"),
                    agency.tenancy.SameAgency(field="client", name="mentions_ownaccount_client_same_agency"),
                ],
            },
        ),
        migrations.AlterField(
            "mention", "due_kind", models.CharField(blank=True, choices=CLOCKS, max_length=16)
        ),
        migrations.RunSQL(CREATE, DROP),
    ]

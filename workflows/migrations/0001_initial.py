import agency.ids
import agency.tenancy
import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('agency', '0001_initial'),
        ('clients', '0001_initial'),
        ('mentions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Clock',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('claim', 'Claim'), ('respond', 'Respond'), ('decide', 'Client decides'), ('next_response', 'Respond again')], max_length=16)),
                ('instance', models.PositiveSmallIntegerField(default=1)),
                ('target', models.DurationField()),
                ('warn_at', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), size=None)),
                ('started_at', models.DateTimeField()),
                ('used', models.DurationField()),
                ('running_since', models.DateTimeField(null=True)),
                ('paused_at', models.DateTimeField(null=True)),
                ('stopped_at', models.DateTimeField(null=True)),
                ('grace', models.DurationField(default=datetime.timedelta(0))),
                ('inherited', models.BooleanField(default=False)),
                ('due_at', models.DateTimeField(null=True)),
                ('next_fire_at', models.DateTimeField(null=True)),
                ('fired', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), default=list, size=None)),
                ('breached_at', models.DateTimeField(null=True)),
                ('excused_late', models.BooleanField(default=False)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('mention', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='clocks', to='mentions.mention')),
                ('policy', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.slapolicy')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'mention', 'kind', 'instance'), name='clock_is_one_of_its_kind_and_instance'), models.CheckConstraint(condition=models.Q(('stopped_at', None), ('running_since', None), _connector='OR'), name='stopped_clock_does_not_run'), agency.tenancy.RowSecurity(name='workflows_clock_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='workflows_clock_in_agency'), agency.tenancy.SameAgency(field='mention', name='workflows_clock_mention_same_agency'), agency.tenancy.SameAgency(field='policy', name='workflows_clock_policy_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='ClockEvent',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('step', models.CharField(max_length=10)),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('clock', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='workflows.clock')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'clock', 'step'), name='clock_fires_each_step_once'), agency.tenancy.RowSecurity(name='workflows_clockevent_of_one_agency'), agency.tenancy.SameAgency(field='clock', name='workflows_clockevent_clock_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Response',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('thank_you', 'Thank you'), ('we_hear_you', 'We hear you'), ('ask_to_talk', 'Ask to talk'), ('route_complaint', 'Pass on a complaint'), ('route_idea', 'Pass on an idea'), ('correct_the_record', 'Correct the record'), ('apology', 'Apology'), ('other', 'Other')], default='other', max_length=20)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=120)),
                ('closed_at', models.DateTimeField(null=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('mention', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='responses', to='mentions.mention')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('agency', 'mention'), name='mention_has_one_open_response'), agency.tenancy.RowSecurity(name='workflows_response_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='workflows_response_in_agency'), agency.tenancy.SameAgency(field='mention', name='workflows_response_mention_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Transition',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField()),
                ('move', models.CharField(choices=[('claim', 'Claim'), ('release', 'Give back to the queue'), ('submit', 'Ask the client'), ('request_changes', 'Ask for a change'), ('recall', 'Take back from the client'), ('approve', 'Approve'), ('clear', 'Approve without asking'), ('revise', 'Revise'), ('respond', 'Mark as responded'), ('dismiss', 'Dismiss'), ('reopen', 'Reopen')], max_length=16)),
                ('from_state', models.CharField(choices=[('new', 'New'), ('claimed', 'Claimed'), ('awaiting_client', 'Awaiting client'), ('approved', 'Approved'), ('responded', 'Responded'), ('dismissed', 'Dismissed')], max_length=16)),
                ('to_state', models.CharField(choices=[('new', 'New'), ('claimed', 'Claimed'), ('awaiting_client', 'Awaiting client'), ('approved', 'Approved'), ('responded', 'Responded'), ('dismissed', 'Dismissed')], max_length=16)),
                ('at', models.DateTimeField()),
                ('actor_kind', models.CharField(max_length=10)),
                ('actor_id', models.UUIDField(null=True)),
                ('actor_name', models.CharField(max_length=120)),
                ('note', models.TextField(blank=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('mention', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='transitions', to='mentions.mention')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'mention', 'version'), name='transition_has_its_own_version'), agency.tenancy.RowSecurity(name='workflows_transition_of_one_agency'), agency.tenancy.SameAgency(field='mention', name='workflows_transition_mention_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('text', models.TextField()),
                ('target_url', models.CharField(blank=True, max_length=2000)),
                ('post_hash', models.CharField(max_length=64)),
                ('lane', models.CharField(max_length=20)),
                ('digest', models.CharField(max_length=64)),
                ('author_kind', models.CharField(max_length=10)),
                ('author_id', models.UUIDField(null=True)),
                ('author_name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField()),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('response', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='workflows.response')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'response', 'number'), name='version_number_is_one'), agency.tenancy.RowSecurity(name='workflows_version_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='workflows_version_in_agency'), agency.tenancy.SameAgency(field='response', name='workflows_version_response_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('open', 'Waiting for the client'), ('decided', 'Decided, can still be undone'), ('approved', 'Approved'), ('changes', 'The client asked for a change'), ('withdrawn', 'Taken back')], default='open', max_length=10)),
                ('requested_by', models.CharField(max_length=120)),
                ('requested_at', models.DateTimeField()),
                ('needed_by', models.DateTimeField()),
                ('delivered_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('mention', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='mentions.mention')),
                ('policy', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.approvalpolicy')),
                ('version', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='workflows.version')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('agency', 'mention'), name='mention_has_one_open_approval'), agency.tenancy.RowSecurity(name='workflows_approval_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='workflows_approval_in_agency'), agency.tenancy.SameAgency(field='mention', name='workflows_approval_mention_same_agency'), agency.tenancy.SameAgency(field='version', name='workflows_approval_version_same_agency'), agency.tenancy.SameAgency(field='policy', name='workflows_approval_policy_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lane', models.CharField(max_length=20)),
                ('state', models.CharField(choices=[('queued', 'Waiting to be sent'), ('sending', 'Being sent'), ('live', 'Live'), ('failed', 'Not sent'), ('ambiguous', 'Unknown whether it is live'), ('by_hand', 'To be posted by hand'), ('withdrawn', 'Taken back before it went out')], default='queued', max_length=10)),
                ('approved_digest', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=64)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('external_id', models.CharField(blank=True, max_length=300)),
                ('url', models.CharField(blank=True, max_length=2000)),
                ('error_code', models.CharField(blank=True, max_length=40)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField()),
                ('live_at', models.DateTimeField(null=True)),
                ('attested_by', models.CharField(blank=True, max_length=120)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('mention', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='publications', to='mentions.mention')),
                ('version', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='publications', to='workflows.version')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['queued', 'sending', 'ambiguous', 'by_hand'])), fields=('agency', 'mention'), name='mention_has_one_publication_under_way'), models.UniqueConstraint(condition=models.Q(('state__in', ['failed', 'withdrawn']), _negated=True), fields=('agency', 'version'), name='version_is_published_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'live'), _negated=True), ('live_at__isnull', False), _connector='OR'), name='live_publication_has_time'), agency.tenancy.RowSecurity(name='workflows_publication_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='workflows_publication_in_agency'), agency.tenancy.SameAgency(field='mention', name='workflows_publication_mention_same_agency'), agency.tenancy.SameAgency(field='version', name='workflows_publication_version_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('what', models.CharField(max_length=10)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField()),
                ('outcome', models.CharField(max_length=12)),
                ('error_code', models.CharField(blank=True, max_length=40)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('publication', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='workflows.publication')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', 'publication', 'started_at'], name='attempt_of_publication')],
                'constraints': [agency.tenancy.RowSecurity(name='workflows_attempt_of_one_agency'), agency.tenancy.SameAgency(field='publication', name='workflows_attempt_publication_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64)),
                ('verdict', models.CharField(choices=[('approve', 'Approve'), ('edit', 'Approve with edits'), ('change', 'Ask for a change')], max_length=8)),
                ('reasons', models.JSONField(default=list)),
                ('comment', models.TextField(blank=True)),
                ('channel', models.CharField(default='link', max_length=10)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('at', models.DateTimeField()),
                ('effective_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('pending', 'Can be undone'), ('effective', 'In effect'), ('undone', 'Undone'), ('void', 'Void: the request was taken back first')], default='pending', max_length=10)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('approval', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='workflows.approval')),
                ('contact', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.contact')),
                ('version', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workflows.version')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['pending', 'effective'])), fields=('agency', 'approval'), name='approval_is_decided_once'), agency.tenancy.RowSecurity(name='workflows_decision_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='workflows_decision_in_agency'), agency.tenancy.SameAgency(field='approval', name='workflows_decision_approval_same_agency'), agency.tenancy.SameAgency(field='contact', name='workflows_decision_contact_same_agency'), agency.tenancy.SameAgency(field='version', name='workflows_decision_version_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='ApprovalLink',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('agency', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('approval', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workflows.approval')),
                ('contact', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='clients.contact')),
            ],
            options={
                'indexes': [models.Index(fields=['agency', 'approval'], name='link_of_approval')],
                'constraints': [agency.tenancy.SameAgency(field='approval', name='workflows_approvallink_approval_same_agency'), agency.tenancy.SameAgency(field='contact', name='workflows_approvallink_contact_same_agency')],
            },
        ),
    ]

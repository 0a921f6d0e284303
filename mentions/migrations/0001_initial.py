import agency.ids
import agency.tenancy
import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django_fsm
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('agency', '0001_initial'),
        ('clients', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Author',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('platform', models.CharField(max_length=20)),
                ('key', models.CharField(max_length=64)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('url', models.CharField(blank=True, max_length=2000)),
                ('first_seen_at', models.DateTimeField()),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'platform', 'key'), name='author_is_one_account'), agency.tenancy.RowSecurity(name='mentions_author_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='mentions_author_in_agency')],
            },
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('feed', 'Feed (RSS, Atom, JSON Feed)'), ('loopback', 'Loopback (for trying Earshot out)')], max_length=20)),
                ('name', models.CharField(max_length=120)),
                ('settings', models.JSONField(default=dict)),
                ('every', models.DurationField()),
                ('created_at', models.DateTimeField()),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('cursor', models.JSONField(default=dict)),
                ('lease_until', models.DateTimeField(null=True)),
                ('last_read_at', models.DateTimeField(null=True)),
                ('last_good_at', models.DateTimeField(null=True)),
                ('next_read_at', models.DateTimeField(null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failing_since', models.DateTimeField(null=True)),
                ('error_code', models.CharField(blank=True, max_length=40)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('client', agency.tenancy.TenantForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sources', to='clients.client')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', 'name', 'id'], name='source_by_name')],
                'constraints': [agency.tenancy.RowSecurity(name='mentions_source_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='mentions_source_in_agency'), agency.tenancy.SameAgency(field='client', name='mentions_source_client_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('platform', models.CharField(max_length=20)),
                ('key', models.CharField(max_length=2100)),
                ('key_hash', models.CharField(max_length=64)),
                ('url', models.CharField(blank=True, max_length=2000)),
                ('title', models.CharField(blank=True, max_length=500)),
                ('text', models.TextField()),
                ('text_hash', models.CharField(max_length=64)),
                ('language', models.CharField(blank=True, max_length=12)),
                ('published_at', models.DateTimeField()),
                ('published_guessed', models.BooleanField(default=False)),
                ('seen_at', models.DateTimeField()),
                ('counts', models.JSONField(default=dict)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('author', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='posts', to='mentions.author')),
                ('source', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mentions.source')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', 'author', '-published_at'], name='post_newest_of_author')],
                'constraints': [models.UniqueConstraint(fields=('agency', 'key_hash'), name='post_is_one_wherever_it_is_seen'), agency.tenancy.RowSecurity(name='mentions_post_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='mentions_post_in_agency'), agency.tenancy.SameAgency(field='source', name='mentions_post_source_same_agency'), agency.tenancy.SameAgency(field='author', name='mentions_post_author_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Mention',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('matched', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list, size=None)),
                ('state', django_fsm.FSMField(choices=[('new', 'New'), ('claimed', 'Claimed'), ('awaiting_client', 'Awaiting client'), ('approved', 'Approved'), ('responded', 'Responded'), ('dismissed', 'Dismissed')], default='new', max_length=16, protected=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('priority', models.CharField(choices=[('urgent', 'Urgent'), ('high', 'High'), ('normal', 'Normal'), ('low', 'Low')], default='normal', max_length=8)),
                ('published_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('late_found', models.BooleanField(default=False)),
                ('due_at', models.DateTimeField(null=True)),
                ('urgency_at', models.DateTimeField(default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))),
                ('due_kind', models.CharField(blank=True, choices=[('claim', 'Claim'), ('respond', 'Respond'), ('decide', 'Client decides'), ('next_response', 'Respond again')], max_length=16)),
                ('breached', models.BooleanField(default=False)),
                ('responded_at', models.DateTimeField(null=True)),
                ('answer_url', models.CharField(blank=True, max_length=2000)),
                ('dismiss_reason', models.CharField(blank=True, choices=[('irrelevant', 'Not about the client'), ('spam', 'Spam'), ('no_reply_needed', 'No reply needed'), ('duplicate', 'Duplicate'), ('withdrawn', 'The post was withdrawn')], max_length=16)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('assignee', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='agency.membership')),
                ('client', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='clients.client')),
                ('query', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='clients.query')),
                ('post', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='mentions.post')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(condition=models.Q(('state__in', ('responded', 'dismissed')), _negated=True), fields=['agency', 'urgency_at', 'id'], name='mention_urgent'), models.Index(condition=models.Q(('state__in', ('responded', 'dismissed')), _negated=True), fields=['agency', 'client', 'urgency_at', 'id'], name='mention_urgent_of_client'), models.Index(fields=['agency', '-recorded_at', '-id'], name='mention_newest'), models.Index(fields=['agency', 'post'], name='mention_of_post')],
                'constraints': [models.UniqueConstraint(fields=('agency', 'client', 'post'), name='post_mentions_a_client_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'responded'), _negated=True), ('responded_at__isnull', False), _connector='OR'), name='responded_mention_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'dismissed'), _negated=True), models.Q(('dismiss_reason', ''), _negated=True), _connector='OR'), name='dismissed_mention_has_reason'), models.CheckConstraint(condition=models.Q(('state__in', ['new', 'dismissed']), ('assignee__isnull', False), ('state', 'responded'), _connector='OR'), name='worked_mention_has_an_assignee'), agency.tenancy.RowSecurity(name='mentions_mention_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='mentions_mention_in_agency'), agency.tenancy.SameAgency(field='client', name='mentions_mention_client_same_agency'), agency.tenancy.SameAgency(field='post', name='mentions_mention_post_same_agency'), agency.tenancy.SameAgency(field='query', name='mentions_mention_query_same_agency'), agency.tenancy.SameAgency(field='assignee', name='mentions_mention_assignee_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='SourceRead',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField()),
                ('outcome', models.CharField(max_length=12)),
                ('entries', models.PositiveIntegerField(default=0)),
                ('posts', models.PositiveIntegerField(default=0)),
                ('mentions', models.PositiveIntegerField(default=0)),
                ('error_code', models.CharField(blank=True, max_length=40)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('source', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reads', to='mentions.source')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', 'source', '-started_at'], name='read_newest_of_source')],
                'constraints': [agency.tenancy.RowSecurity(name='mentions_sourceread_of_one_agency'), agency.tenancy.SameAgency(field='source', name='mentions_sourceread_source_same_agency')],
            },
        ),
    ]

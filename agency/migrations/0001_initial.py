import agency.ids
import agency.tenancy
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Agency',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('undo_seconds', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MaxValueValidator(300)])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name_plural': 'agencies',
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('is_active', models.BooleanField(default=True)),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_is_one_whatever_its_case')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('responder', 'Responder'), ('analyst', 'Analyst')], max_length=12)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('agency', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='agency.agency')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('agency', 'user'), name='user_is_a_member_once'), models.UniqueConstraint(fields=('agency', 'id'), name='agency_membership_in_agency'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'manager', 'responder', 'analyst'])), name='member_has_a_known_role')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('prefix', models.CharField(max_length=12, unique=True)),
                ('digest', models.CharField(max_length=64)),
                ('rights', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='agency.agency')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='agency.membership')),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('to', models.EmailField(max_length=254)),
                ('to_name', models.CharField(blank=True, max_length=120)),
                ('subject_id', models.UUIDField()),
                ('recipient_id', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('queued', 'Waiting to be sent'), ('sending', 'Being sent'), ('sent', 'Sent'), ('failed', 'Not sent')], default='queued', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', 'subject_id'], name='notice_of_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='sent_notice_has_time'), agency.tenancy.RowSecurity(name='agency_notice_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='agency_notice_in_agency')],
            },
        ),
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('subject_id', models.UUIDField()),
                ('due_at', models.DateTimeField()),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('last_error', models.CharField(blank=True, max_length=80)),
                ('agency', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
            ],
            options={
                'indexes': [models.Index(fields=['due_at'], name='alarm_due')],
                'constraints': [models.UniqueConstraint(fields=('agency', 'kind', 'subject_id'), name='subject_has_one_alarm_of_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('action', models.CharField(max_length=60)),
                ('actor_kind', models.CharField(max_length=10)),
                ('actor_id', models.UUIDField(null=True)),
                ('actor_name', models.CharField(max_length=120)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('subject_type', models.CharField(max_length=40)),
                ('subject_id', models.UUIDField(null=True)),
                ('subject_name', models.CharField(blank=True, max_length=200)),
                ('details', models.JSONField(default=dict)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', '-at', '-id'], name='audit_newest'), models.Index(fields=['agency', 'subject_id', 'at'], name='audit_of_subject')],
                'constraints': [agency.tenancy.RowSecurity(name='agency_auditentry_of_one_agency')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('type', models.CharField(max_length=60)),
                ('subject_type', models.CharField(max_length=40)),
                ('subject_id', models.UUIDField()),
                ('data', models.JSONField(default=dict)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', 'id'], name='event_in_order')],
                'constraints': [agency.tenancy.RowSecurity(name='agency_event_of_one_agency')],
            },
        ),
    ]

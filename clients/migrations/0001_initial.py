import agency.ids
import agency.tenancy
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('agency', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('language', models.CharField(default='en', max_length=12)),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(models.F('agency'), django.db.models.functions.text.Lower('name'), name='client_name_is_one_in_its_agency'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='client_has_a_name'), agency.tenancy.RowSecurity(name='clients_client_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='clients_client_in_agency')],
            },
        ),
        migrations.CreateModel(
            name='ApprovalPolicy',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField()),
                ('asks', models.CharField(choices=[('client', 'Ask the client before every reply'), ('nobody', 'Answer without asking the client')], default='client', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=120)),
                ('current', models.BooleanField(default=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('client', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='approval_policies', to='clients.client')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'client', 'version'), name='approval_policy_version_is_one'), models.UniqueConstraint(condition=models.Q(('current', True)), fields=('agency', 'client'), name='client_has_one_current_approval_policy'), agency.tenancy.RowSecurity(name='clients_approvalpolicy_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='clients_approvalpolicy_in_agency'), agency.tenancy.SameAgency(field='client', name='clients_approvalpolicy_client_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('email', models.EmailField(max_length=254)),
                ('part', models.CharField(choices=[('approver', 'Approver: decides replies'), ('viewer', 'Viewer: sees results'), ('alerts', 'Alerts: is told of urgent mentions')], default='approver', max_length=10)),
                ('time_zone', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('client', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='contacts', to='clients.client')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('left_at', None)), fields=('agency', 'client', 'email'), name='contact_email_is_one_at_its_client'), agency.tenancy.RowSecurity(name='clients_contact_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='clients_contact_in_agency'), agency.tenancy.SameAgency(field='client', name='clients_contact_client_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Query',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField()),
                ('any_terms', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), size=None)),
                ('none_terms', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=120)),
                ('current', models.BooleanField(default=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('client', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='queries', to='clients.client')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'client', 'version'), name='query_version_is_one'), models.UniqueConstraint(condition=models.Q(('current', True)), fields=('agency', 'client'), name='client_has_one_current_query'), agency.tenancy.RowSecurity(name='clients_query_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='clients_query_in_agency'), agency.tenancy.SameAgency(field='client', name='clients_query_client_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='SlaPolicy',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField()),
                ('warn_at', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=list, size=None)),
                ('late_found_after', models.DurationField()),
                ('effective_from', models.DateTimeField()),
                ('created_by', models.CharField(max_length=120)),
                ('current', models.BooleanField(default=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('client', agency.tenancy.TenantForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='policies', to='clients.client')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'client', 'version'), name='sla_policy_version_is_one', nulls_distinct=False), models.UniqueConstraint(condition=models.Q(('current', True)), fields=('agency', 'client'), name='client_has_one_current_sla_policy', nulls_distinct=False), agency.tenancy.RowSecurity(name='clients_slapolicy_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='clients_slapolicy_in_agency'), agency.tenancy.SameAgency(field='client', name='clients_slapolicy_client_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='SlaTarget',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('priority', models.CharField(choices=[('urgent', 'Urgent'), ('high', 'High'), ('normal', 'Normal'), ('low', 'Low')], max_length=8)),
                ('kind', models.CharField(choices=[('claim', 'Claim'), ('respond', 'Respond'), ('decide', 'Client decides'), ('next_response', 'Respond again')], max_length=16)),
                ('target', models.DurationField()),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('policy', agency.tenancy.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='clients.slapolicy')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('agency', 'policy', 'priority', 'kind'), name='target_is_one'), models.CheckConstraint(condition=models.Q(('target__gt', '00:00:00')), name='target_is_positive'), agency.tenancy.RowSecurity(name='clients_slatarget_of_one_agency'), agency.tenancy.SameAgency(field='policy', name='clients_slatarget_policy_same_agency')],
            },
        ),
        migrations.CreateModel(
            name='Template',
            fields=[
                ('id', models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('thank_you', 'Thank you'), ('we_hear_you', 'We hear you'), ('ask_to_talk', 'Ask to talk'), ('route_complaint', 'Pass on a complaint'), ('route_idea', 'Pass on an idea'), ('correct_the_record', 'Correct the record'), ('apology', 'Apology'), ('other', 'Other')], max_length=20)),
                ('text', models.TextField(max_length=5000)),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('agency', models.ForeignKey(db_index=False, default=agency.tenancy.current_agency, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agency.agency')),
                ('client', agency.tenancy.TenantForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='templates', to='clients.client')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['agency', 'client', 'name'], name='template_of_client')],
                'constraints': [agency.tenancy.RowSecurity(name='clients_template_of_one_agency'), models.UniqueConstraint(fields=('agency', 'id'), name='clients_template_in_agency'), agency.tenancy.SameAgency(field='client', name='clients_template_client_same_agency')],
            },
        ),
    ]

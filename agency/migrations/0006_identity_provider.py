import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.sealed
import agency.tenancy


class Migration(migrations.Migration):
    dependencies = [("agency", "0005_sign_in")]

    operations = [
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=60)),
                ("issuer", models.CharField(max_length=500)),
                ("client_id", models.CharField(max_length=255)),
                ("client_secret", agency.sealed.SealedField()),
                ("only_way", models.BooleanField(default=False)),
                ("epoch", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_provider",
                        to="agency.agency",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject", models.CharField(max_length=255)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField()),
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
                    "member",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to="agency.membership",
                    ),
                ),
                (
                    "provider",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to="agency.identityprovider",
                    ),
                ),
            ],
            options={"base_manager_name": "objects"},
        ),
        migrations.AddConstraint(
            model_name="identityprovider",
            constraint=models.UniqueConstraint(
                fields=("agency", "id"), name="agency_identityprovider_in_agency"
            ),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(
                fields=("agency", "provider", "subject"), name="subject_is_one_member"
            ),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(
                fields=("agency", "provider", "member"), name="member_is_one_subject"
            ),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=agency.tenancy.RowSecurity(name="agency_identity_of_one_agency"),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=agency.tenancy.SameAgency(
                field="provider", name="agency_identity_provider_same_agency"
            ),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=agency.tenancy.SameAgency(field="member", name="agency_identity_member_same_agency"),
        ),
    ]

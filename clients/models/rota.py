from django.contrib.postgres.fields import ArrayField
from django.db import models

from agency.tenancy import TenantForeignKey, TenantModel
from clients.rota import LONGEST_TURN


class Rota(TenantModel):
    """Who is on call, for one client or (client absent) for all that have no rota of their own."""

    part_of, shared = "client_id", True

    client = TenantForeignKey(
        "clients.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="rotas"
    )
    name = models.CharField(max_length=120)
    zone = models.CharField(max_length=64)  # IANA name
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # Who was told last that they are on call; null: nobody. The next hand-over tells them that they are off.
    told_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "client"],
                condition=models.Q(ended_at=None),
                nulls_distinct=False,
                name="client_has_one_rota",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="rota_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RotaLayer(TenantModel):
    """People who take turns. Where nobody of this layer is on, the next one is asked."""

    referenced = False
    part_of, shared = "rota__client_id", True

    rota = TenantForeignKey("clients.Rota", on_delete=models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField()
    # Memberships in their order. No foreign keys: whoever leaves stays named until somebody takes them out.
    members = ArrayField(models.UUIDField())
    since = models.DateField()  # the first of the members takes over on this day
    at = models.TimeField()
    every = models.PositiveSmallIntegerField()  # days
    # {"0": [["18:00", "08:00"]], …}: the hours in which the layer is on, in the rota's zone; null: always.
    week = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "rota", "position"], name="rota_layer_is_one"),
            models.CheckConstraint(condition=models.Q(members__len__gt=0), name="rota_layer_has_members"),
            models.CheckConstraint(
                condition=models.Q(every__gte=1, every__lte=LONGEST_TURN), name="rota_turn_has_a_length"
            ),
        ]

    def __str__(self) -> str:
        return f"layer {self.position}"


class RotaOverride(TenantModel):
    """Somebody takes a rota over for a while. Of two at once the one that was made later holds."""

    part_of, shared = "rota__client_id", True

    rota = TenantForeignKey("clients.Rota", on_delete=models.CASCADE, related_name="overrides")
    member = TenantForeignKey("agency.Membership", on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=120)
    note = models.CharField(max_length=200, blank=True)
    # Ended before its time: from then on it holds no longer.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="override_has_a_length"
            )
        ]
        indexes = [models.Index(fields=["agency", "rota", "ends_at"], name="override_of_rota")]

    def __str__(self) -> str:
        return f"override of {self.rota_id}"

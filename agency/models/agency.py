from django.core.validators import MaxValueValidator
from django.db import models

from agency.ids import new_id


class Agency(models.Model):
    """The tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    # How long an approver can take a decision back before it takes effect.
    undo_seconds = models.PositiveSmallIntegerField(default=60, validators=[MaxValueValidator(300)])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "agencies"

    def __str__(self) -> str:
        return self.name

import secrets

from django.core.validators import MaxValueValidator
from django.db import models

from agency.ids import new_id


def new_salt() -> str:
    return secrets.token_hex(32)


class Agency(models.Model):
    """The tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    # How long an approver can take a decision back before it takes effect.
    undo_seconds = models.PositiveSmallIntegerField(default=60, validators=[MaxValueValidator(300)])
    # Nobody works here without one from then on; asked at each page, so it holds for sessions that are open already.
    second_factor_required = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # When it is erased. Until then nobody but its owners enters, and nothing of it runs.
    erasing_at = models.DateTimeField(null=True, editable=False)
    # Of its feed of events, what is numbered up to here was deleted for its age.
    events_gone = models.BigIntegerField(default=0, editable=False)
    # Keys the digests by which it knows again what it has forgotten. Never changes, never shown.
    salt = models.CharField(max_length=64, default=new_salt, editable=False)

    class Meta:
        verbose_name_plural = "agencies"

    def __str__(self) -> str:
        return self.name

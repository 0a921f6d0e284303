"""The mail that brings a new member in."""

from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from agency.actions.members import INVITATION
from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Membership, Notice, User
from agency.tenancy import current_agency


def password_link(user: User) -> str:
    """Where a person sets their password; the same link that a forgotten one is reset by."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return settings.BASE_URL + path.replace("UID-KEY", key)


def _write_invitation(notice: Notice, now: datetime) -> Mail | None:
    membership = (
        Membership.objects.select_related("user", "agency")
        .filter(pk=notice.subject_id, agency_id=current_agency(), left_at=None)
        .first()
    )
    if membership is None:
        return None
    user = membership.user
    context = {
        "membership": membership,
        "agency": membership.agency,
        # Somebody who has a password already signs in with it.
        "link": f"{settings.BASE_URL}/" if user.has_usable_password() else password_link(user),
        "is_new": not user.has_usable_password(),
    }
    return Mail(
        subject=f"Your place at {membership.agency.name} on Earshot",
        text=render_to_string("agency/mail/invitation.txt", context),
    )


def register() -> None:
    register_notice(INVITATION, NoticeKind(write=_write_invitation))

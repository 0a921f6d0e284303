"""The mails that let a person in: an invitation, and a link to a new password."""

from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from agency import channel_notices, key_notices, webhook_notices
from agency.actions.accounts import NEW_PASSWORD
from agency.actions.members import INVITATION
from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Membership, Notice, User
from agency.queries.identity import find_provider_of, sign_in_url
from agency.rights import Role
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
    provider = find_provider_of(membership.agency_id)
    context = {
        "provider": provider,
        "provider_url": sign_in_url(provider.code) if provider else "",
        "by_provider_only": provider is not None and provider.only_way and membership.role != Role.OWNER,
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


def _write_new_password(notice: Notice, now: datetime) -> Mail | None:
    place = (
        Membership.objects.select_related("user")
        .filter(pk=notice.subject_id, agency_id=current_agency(), left_at=None, user__is_active=True)
        .first()
    )
    if place is None:
        return None
    context = {"password_reset_url": password_link(place.user)}
    return Mail(
        subject=render_to_string("account/email/password_reset_key_subject.txt").strip(),
        text=render_to_string("account/email/password_reset_key_message.txt", context),
    )


def register() -> None:
    register_notice(INVITATION, NoticeKind(write=_write_invitation, title="Invitation"))
    register_notice(NEW_PASSWORD, NoticeKind(write=_write_new_password, title="A new password"))
    channel_notices.register()
    key_notices.register()
    webhook_notices.register()

"""Mail, by the server that the settings name."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from agency.messengers.parcel import Outcome, Parcel


def send_mail(parcel: Parcel) -> Outcome:
    message = EmailMultiAlternatives(
        subject=parcel.subject,
        body=parcel.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[parcel.to],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )
    if parcel.html:
        message.attach_alternative(parcel.html, "text/html")
    try:
        message.send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        first = (str(error).splitlines() or [""])[0]
        return Outcome(
            ok=False, status=_code(error), error=f"{type(error).__name__}: {first}", final=_is_final(error)
        )
    return Outcome(ok=True)


def _is_final(error: Exception) -> bool:
    """An address that is none, or that its server refuses for good; codes below 500 mean: try again later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, ValueError)


def _code(error: Exception) -> int | None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=None)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None

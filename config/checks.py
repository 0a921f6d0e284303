"""What `check --deploy` says of an installation before people depend on it."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def mail_goes_somewhere(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    if settings.EMAIL_BACKEND != "config.mail.ConsoleAndFolder":
        return []
    return [
        checks.Warning(
            "EMAIL_URL isn't set: mail is only shown on the console, so no client would ever get a request.",
            hint="Set EMAIL_URL, such as smtp://user:password@host:587/?tls=True",
            id="earshot.W001",
        )
    ]

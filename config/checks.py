"""What `check --deploy` says of an installation before people depend on it."""

from typing import Any

from django.conf import settings
from django.core import checks

from agency.vault import BadVaultKey, key_ring, parse_key


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


@checks.register(checks.Tags.security)
def vault_keys_are_keys(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """At every start: a typing error must not become the key that everything is sealed with."""
    try:
        key_ring()
    except BadVaultKey as error:
        return [checks.Error(str(error), id="earshot.E001")]
    return []


@checks.register(checks.Tags.security, deploy=True)
def vault_has_keys_of_its_own(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    if not settings.VAULT_KEYS:
        return [
            checks.Warning(
                "EARSHOT_VAULT_KEYS isn't set: stored secrets are sealed with a key derived from SECRET_KEY, and can't be "
                "opened any more once SECRET_KEY is another and the former one isn't in SECRET_KEY_FALLBACKS.",
                hint="Make a key with `manage.py make_vault_key`, and then run `manage.py rotate_vault_keys`.",
                id="earshot.W002",
            )
        ]
    found: list[checks.CheckMessage] = []
    for number, entry in enumerate(settings.VAULT_KEYS, start=1):
        try:
            key = parse_key(entry, number)
        except BadVaultKey:
            continue  # said by the other check
        if len(set(key.secret)) < 16 or (":" not in entry and len(set(entry)) < 10):
            found.append(
                checks.Warning(
                    f"Entry {number} of EARSHOT_VAULT_KEYS looks like something that a person made up.",
                    hint="Make a random one with `manage.py make_vault_key`, and then run `manage.py rotate_vault_keys`.",
                    id="earshot.W003",
                )
            )
    return found

"""A security key that somebody found: without the password, and without its holder's PIN, it opens nothing."""

import hashlib
import json
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client as Browser
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from agency.actor import Actor
from agency.models import User
from tests.agency.test_sign_in import sign_in, with_password

_RP, _ID, _ORIGIN = hashlib.sha256(b"localhost").digest(), b"a simple key", "http://localhost:8000"
_FLAG = AuthenticatorData.FLAG
STEP = "/accounts/2fa/authenticate/"


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class SecurityKey:
    """It answers to a touch, and asks for nothing."""

    def __init__(self, user: User) -> None:
        self.user, self.secret = user, ec.generate_private_key(ec.SECP256R1())
        public = ES256.from_cryptography_key(self.secret.public_key())
        data = AttestedCredentialData.create(Aaguid.NONE, _ID, public)
        made = AuthenticatorData.create(_RP, _FLAG.UP | _FLAG.AT, 0, data)
        client = CollectedClientData.create("webauthn.create", b"x" * 32, _ORIGIN)
        attestation = AttestationObject.create("none", made, {})
        credential = _credential(clientDataJSON=client, attestationObject=attestation)
        Authenticator.objects.create(
            user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": credential}
        )

    def answer(self, browser: Browser) -> dict[str, str]:
        challenge = websafe_decode(browser.session["mfa.webauthn.state"]["challenge"])
        client = CollectedClientData.create("webauthn.get", challenge, _ORIGIN)
        touched = AuthenticatorData.create(_RP, _FLAG.UP, 1)
        signature = self.secret.sign(touched + client.hash, ec.ECDSA(hashes.SHA256()))
        credential = _credential(
            clientDataJSON=client,
            authenticatorData=touched,
            signature=signature,
            userHandle=user_pk_to_url_str(self.user).encode(),
        )
        return {"credential": json.dumps(credential)}


def _credential(**response: bytes) -> dict[str, Any]:
    return {
        "id": websafe_encode(_ID),
        "rawId": websafe_encode(_ID),
        "type": "public-key",
        "response": {name: websafe_encode(value) for name, value in response.items()},
        "clientExtensionResults": {},
    }


def test_after_the_password_it_lets_in(ben: Actor) -> None:
    bens, browser = with_password(ben), Browser()
    key = SecurityKey(bens)
    sign_in(browser, bens)
    browser.get(STEP)
    browser.post(STEP, key.answer(browser))
    assert browser.get("/").status_code == 200


def test_it_does_not_let_in_by_the_challenge_of_a_step_that_another_account_earned(
    ben: Actor, mara: Actor
) -> None:
    """Mara found Ben's. Her own second step, left to run out, has a challenge that asks for no PIN."""
    bens_key, maras, browser = SecurityKey(with_password(ben)), with_password(mara), Browser()
    SecurityKey(maras)
    sign_in(browser, maras)
    browser.get(STEP)
    session = browser.session
    session["account_login"]["initiated_at"] = 0
    session.save()
    browser.post("/accounts/2fa/webauthn/login/", bens_key.answer(browser))
    assert browser.get("/").status_code == 302

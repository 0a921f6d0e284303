"""Identity providers for tests: a good one that somebody else wrote, and a rogue one that says whatever it is told."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client as Browser

from tests.web_server import Answer, Request, WebServer

SECRET = "the-client's-planted-secret"


@contextmanager
def good_provider(*people: dict[str, Any]) -> Iterator[str]:
    """The address of a provider in a process of its own, at which these people have accounts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = [word for person in people for word in ("--user-claims", json.dumps(person))]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "-p",
        str(port),
        "--require-nonce",
        "true",
    ]
    process = subprocess.Popen([*command, *known], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("The identity provider doesn't start.")


def sign_in(browser: Browser, code: str, subject: str, *, after: str = "") -> Any:
    """All the way through the good provider; what our page answers on the way back."""
    out = browser.get(f"/accounts/agency/{code}/go/", {"next": after} if after else {})
    chosen = httpx.post(out["Location"], data={"sub": subject})
    return browser.get(path_of(chosen.headers["Location"]))


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def asked_of(url: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


@cache
def key_pair(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def published(name: str) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key_pair(name).public_key()))
    return {**public, "kid": name, "use": "sig", "alg": "ES256"}


@dataclass
class Rogue:
    """A provider that its owner may make say anything. `claims` go over what an honest one would say.

    Attributes:
        make_token: from the claims to the ID token, where it isn't signed as it should be.
        asked: what the browser was sent with.
        told: what our server asked.
    """

    server: WebServer
    claims: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    make_token: Callable[[dict[str, Any]], str] | None = None
    userinfo: dict[str, Any] | None = None
    asked: dict[str, str] = field(default_factory=dict)
    told: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.answers |= {
            "/.well-known/openid-configuration": lambda request: _json(self._discovery()),
            "/jwks": lambda request: _json({"keys": [published("own")]}),
            "/token": self._token,
            "/userinfo": lambda request: _json(self.userinfo or {}),
        }

    @property
    def issuer(self) -> str:
        return self.server.url

    def honest(self) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": "earshot",
            "sub": "subject-of-ben",
            "email": "ben@northlight.example",
            "email_verified": True,
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked.get("nonce", ""),
        }

    def go(self, browser: Browser, code: str) -> None:
        """The way out; the provider has seen the browser then."""
        self.asked = asked_of(browser.get(f"/accounts/agency/{code}/go/")["Location"])

    def back(self, browser: Browser, code: str, **changes: str) -> Any:
        sent = {"code": "any", "state": self.asked.get("state", "")} | changes
        return browser.get(f"/accounts/agency/{code}/back/", sent)

    def sign_in(self, browser: Browser, code: str, **claims: Any) -> Any:
        self.claims = claims
        self.go(browser, code)
        return self.back(browser, code)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            **self.discovery,
        }

    def _token(self, request: Request) -> Answer:
        self.told.append(request)
        said = {name: value for name, value in {**self.honest(), **self.claims}.items() if value is not None}
        make = self.make_token or signed
        return _json({"access_token": "access", "token_type": "Bearer", "id_token": make(said)})


def signed(claims: dict[str, Any], *, by: str = "own", kid: str = "own") -> str:
    return jwt.encode(claims, key_pair(by), algorithm="ES256", headers={"kid": kid})


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value).encode(), headers={"Content-Type": "application/json"})

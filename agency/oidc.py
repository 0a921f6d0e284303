"""OpenID Connect as a relying party: the authorization code flow with PKCE, state and nonce.

Nothing here knows agencies, sessions or Django. Every request goes out through `agency.http`, follows no redirect,
and what a provider answers is believed only as far as it was checked: the provider may be anybody's.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

import jwt
import orjson

from agency.addresses import is_loopback, literal
from agency.errors import DomainError
from agency.http import BadUrl, Client, HttpError, Limits, Reply, TooManyRedirects, origin_of

LIMITS = Limits(max_bytes=500_000, total_seconds=10.0, connect_seconds=5.0, redirects=0)
# Signatures by a key of which only the provider has the secret half. None of them can be made with what is published.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SCOPE = "openid email profile"
_LEEWAY = 60  # seconds that two clocks may differ
_LONGEST = 2_000


class OidcError(DomainError):
    """The provider didn't do what a provider does; the sentence is for the people who look after it."""

    code: ClassVar[str] = "identity_provider"
    status: ClassVar[int] = 502
    title: ClassVar[str] = "The identity provider didn't answer as it should"


class Untrue(OidcError):
    """What the provider said about the person doesn't hold: nobody is signed in by it."""

    code, status = "identity_not_proven", 403
    title = "The sign-in could not be verified"


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a provider before it is asked."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = ""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What its discovery document says."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    auth_methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in under way: kept in the browser's session from the way out to the way back."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def begin(cls) -> "Attempt":
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider proved about a person. `email` is "" unless it asserted that it is verified."""

    subject: str
    email: str
    name: str


def check_issuer(issuer: str, *, allow_loopback: bool) -> str:
    """ "" if this can be an issuer, else what is wrong with it: as it is, it is asked for who people are."""
    try:
        scheme, host, _ = origin_of(issuer)
    except BadUrl as error:
        return error.sentence
    address = literal(host)
    if scheme != "https" and not (allow_loopback and address is not None and is_loopback(address)):
        return "The address must begin with https://: otherwise anybody on the way could answer for the provider."
    parts = urlsplit(issuer)
    if parts.query or parts.fragment:
        return "Give the issuer's address alone, without ? or #."
    return ""


def discover(issuer: str, http: Client) -> Discovered:
    """Read the provider's discovery document.

    Raises:
        OidcError: with a sentence that says what is wrong with it.
    """
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    document = _json(_asked(lambda: http.get(url, {"Accept": "application/json"})), "discovery document", url)
    said = document.get("issuer")
    if not isinstance(said, str) or said.rstrip("/") != issuer.rstrip("/"):
        raise OidcError(
            f"The discovery document is of another issuer: “{_short(said)}”. Enter that address, if it is right."
        )
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Discovered(
        issuer=said,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", http),
        token_endpoint=_endpoint(document, "token_endpoint", http),
        jwks_uri=_endpoint(document, "jwks_uri", http),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", http)
        if "userinfo_endpoint" in document
        else "",
        auth_methods=tuple(map(str, methods)) if isinstance(methods, list) else (),
    )


def authorization_url(provider: Provider, found: Discovered, attempt: Attempt) -> str:
    """Where the browser is sent."""
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": SCOPE,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in found.authorization_endpoint else "?"
    return f"{found.authorization_endpoint}{joint}{urlencode(asked)}"


def prove(provider: Provider, attempt: Attempt, code: str, http: Client) -> Claims:
    """Exchange the code, and check everything that the provider says about the person.

    Raises:
        OidcError: the provider failed; Untrue: what it said doesn't hold.
    """
    found = discover(provider.issuer, http)
    tokens = _exchange(provider, found, attempt, code, http)
    id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(id_token, str):
        raise Untrue("The identity provider sent no ID token.")
    said = verify(id_token, provider, found, attempt, _keys(found, http))
    about: Mapping[str, Any] = said
    if "email" not in said and found.userinfo_endpoint and isinstance(access_token, str):
        about = _userinfo(found, access_token, said["sub"], http)
    return Claims(str(said["sub"]), _verified_email(about), str(about.get("name") or "")[:120])


def verify(
    id_token: str, provider: Provider, found: Discovered, attempt: Attempt, keys: Mapping[str, Any]
) -> dict[str, Any]:
    """The ID token's claims, with signature, issuer, audience, times and nonce checked.

    The signature is checked although the token came straight from the provider.

    Raises:
        Untrue: one of them is wrong.
    """
    try:
        header = jwt.get_unverified_header(id_token)
        if header.get("alg") not in ALGORITHMS:
            raise Untrue("The ID token isn't signed in a way that proves who made it.")
        said: dict[str, Any] = jwt.decode(
            id_token,
            key=_key(header, keys),
            algorithms=[header["alg"]],
            audience=provider.client_id,
            issuer=found.issuer,
            leeway=_LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Untrue(f"The ID token doesn't hold: {_reason(error)}.") from error
    nonce = said["nonce"]
    if not isinstance(nonce, str) or not nonce.isascii() or not hmac.compare_digest(nonce, attempt.nonce):
        raise Untrue("The ID token was made for another sign-in.")
    audience = said["aud"] if isinstance(said["aud"], list) else [said["aud"]]
    if said.get("azp", provider.client_id if len(audience) == 1 else None) != provider.client_id:
        raise Untrue("The ID token was made for another program.")
    if not isinstance(said["sub"], str) or not 0 < len(said["sub"]) <= 255 or not said["sub"].isprintable():
        raise Untrue("The ID token doesn't say who it is about.")
    return said


# What is asked and answered --------------------------------------------------------------------------


def _exchange(
    provider: Provider, found: Discovered, attempt: Attempt, code: str, http: Client
) -> Mapping[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    if "client_secret_post" in found.auth_methods and "client_secret_basic" not in found.auth_methods:
        form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    else:
        headers["Authorization"] = _basic(provider)
    content = urlencode(form).encode()
    reply = _asked(lambda: http.post(found.token_endpoint, content=content, headers=headers))
    if reply.status == 401 or (reply.status == 400 and b"invalid_client" in reply.body):
        raise OidcError("The identity provider doesn't accept the client id and secret that are set here.")
    if reply.status == 400:
        raise Untrue("The identity provider doesn't accept its own code any more. Sign in again.")
    return _json(reply, "answer with the tokens", found.token_endpoint)


def _basic(provider: Provider) -> str:
    """As OAuth 2.0 has it: both are form-encoded first, so that a colon in them splits nothing."""
    pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _keys(found: Discovered, http: Client) -> Mapping[str, Any]:
    return _json(
        _asked(lambda: http.get(found.jwks_uri, {"Accept": "application/json"})), "keys", found.jwks_uri
    )


def _key(header: Mapping[str, Any], keys: Mapping[str, Any]) -> jwt.PyJWK:
    """The provider's key that the token says it is signed with; where it says none, the only one of that kind."""
    listed = keys.get("keys")
    usable = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict)
        and key.get("kty") in {"RSA", "EC", "OKP"}
        and key.get("use", "sig") == "sig"
        and key.get("alg", header["alg"]) == header["alg"]
        and ("kid" not in header or key.get("kid") == header["kid"])
    ]
    if len(usable) != 1:
        raise Untrue("The ID token is signed with a key that isn't the identity provider's.")
    return jwt.PyJWK.from_dict(usable[0], algorithm=header["alg"])


def _userinfo(found: Discovered, token: str, subject: str, http: Client) -> Mapping[str, Any]:
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
    if not token.isascii() or not token.isprintable():
        raise Untrue("The identity provider's access token can't be read.")
    about = _json(_asked(lambda: http.get(found.userinfo_endpoint, headers)), "answer about the person", "")
    if about.get("sub") != subject:
        raise Untrue("The identity provider answered about somebody else.")
    return about


def _verified_email(about: Mapping[str, Any]) -> str:
    email, verified = about.get("email"), about.get("email_verified")
    # Some providers write the truth as text.
    if not isinstance(email, str) or not (verified is True or verified == "true"):
        return ""
    # What can't be printed can't be stored, and is in nobody's address.
    return email.strip(" ") if email.isprintable() else ""


def _asked(call: Any) -> Reply:
    try:
        reply: Reply = call()
    except TooManyRedirects as error:
        raise OidcError("The identity provider sends us elsewhere, which isn't followed.") from error
    except HttpError as error:
        raise OidcError(f"The identity provider can't be reached. {error.sentence}") from error
    return reply


def _json(reply: Reply, what: str, url: str) -> dict[str, Any]:
    if reply.status != 200:
        at = f" at {_short(url)}" if url else ""
        raise OidcError(f"There is no {what}{at} (HTTP status {reply.status}).")
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        raise OidcError(f"The identity provider's {what} can't be read: it isn't JSON.") from error
    if not isinstance(document, dict):
        raise OidcError(f"The identity provider's {what} can't be read: it isn't an object.")
    return document


def _endpoint(document: Mapping[str, Any], name: str, http: Client) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        raise OidcError(f"The discovery document names no {name}.")
    try:
        scheme, host, _ = origin_of(value)
    except BadUrl as error:
        raise OidcError(f"The discovery document's {name} can't be used. {error.sentence}") from error
    address = literal(host)
    if scheme != "https" and not (http.allow_loopback and address is not None and is_loopback(address)):
        raise OidcError(f"The discovery document's {name} doesn't begin with https://.")
    return value


def _reason(error: Exception) -> str:
    reasons = {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it isn't valid yet",
        jwt.InvalidAudienceError: "it is for another program",
        jwt.InvalidIssuerError: "it is from another issuer",
        jwt.InvalidSignatureError: "its signature is wrong",
        jwt.MissingRequiredClaimError: "a part of it is missing",
    }
    return next((words for kind, words in reasons.items() if isinstance(error, kind)), "it can't be read")


def _short(value: object) -> str:
    return str(value)[:200]

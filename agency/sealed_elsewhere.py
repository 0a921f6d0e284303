"""Sealed text in tables that aren't ours: allauth's, for second factors."""

from allauth.mfa.models import Authenticator

from agency.sealed import in_json, register_sealed
from agency.web.accounts.second_factor import SEALED_FOR


def register() -> None:
    register_sealed(in_json(Authenticator, "data", context=SEALED_FOR))

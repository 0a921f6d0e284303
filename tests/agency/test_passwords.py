"""Which passwords are refused, and in which words."""

import time

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from agency.actor import Actor
from agency.models import Membership, User
from agency.passwords import is_breached


def _refusals(password: str, user: User | None = None) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return list(error.messages)
    return []


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "PassWord123",
        "Password2026!",
        "1q2w3e4r5t6y",
        "iloveyou2025",
        "!!football!!",
        "qwertyuiop",
        "1234567890",
        "123Liverpool",
        "  password1  ",
    ],
)
def test_known_passwords_are_refused_whatever_is_put_around_them(password: str) -> None:
    assert is_breached(password)
    assert _refusals(password) == [
        "This password is on the lists of leaked passwords that are tried first. Choose another."
    ]


@pytest.mark.parametrize(
    "password", ["p4ssw0rdp4ssw0rd", "aaaaaaaaaaaaaa", "abcdefghijklm", "earshotearshot"]
)
def test_what_is_quickly_guessed_is_refused(password: str) -> None:
    assert len(_refusals(password)) == 1


@pytest.mark.parametrize(
    "password",
    [
        "orbit-teapot-cellar",
        "quiet-harbour-1",
        "correct horse battery staple",
        "ziemas-saule-ledū",
        "密码很长的一句话你好",
    ],
)
def test_a_few_words_are_enough(password: str) -> None:
    assert _refusals(password) == []


@pytest.mark.parametrize("password", ["short", "x" * 201, "ſhort-Kel"])
def test_length_has_two_ends(password: str) -> None:
    assert any("characters" in said for said in _refusals(password))


@pytest.mark.parametrize("password", ["northlight1", "BenNorthlight", "n0rthl1ght!!"])
def test_what_is_made_of_ones_own_words_is_refused(ben: Actor, password: str) -> None:
    user = Membership.objects.select_related("user").get(pk=ben.id).user
    assert _refusals(password, user) == [
        "This is quickly guessed by who knows your name, mail address or agency. Choose something else."
    ]


def test_a_long_password_is_judged_quickly() -> None:
    _refusals("warm up the lists first")
    began = time.perf_counter()
    _refusals("aA1!" * 50)
    _refusals("correct horse battery staple " * 6)
    assert time.perf_counter() - began < 1

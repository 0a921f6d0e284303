"""Guesses at passwords and codes: a few are looked at, then none for a while, and nobody is kept out for long."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from agency.actions.guesses import WINDOW, Guess, account_key, count_guess, network
from agency.actor import Actor
from agency.models import User
from agency.notices import password_link
from tests.agency.test_sign_in import LOGIN, PASSWORD, add_app, noted, sign_in, with_password
from tests.fixtures import FRIDAY_EVENING, Clock
from tests.pages import words


class Counting(MD5PasswordHasher):
    """Quick, and counts how often a password is really looked at."""

    looked = 0

    def encode(self, password: str, salt: str) -> str:
        Counting.looked += 1
        return str(super().encode(password, salt))


@pytest.fixture(autouse=True)
def _counting(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.agency.test_guesses.Counting"]
    Counting.looked = 0


@pytest.fixture
def bens(ben: Actor) -> User:
    user = with_password(ben)
    Counting.looked = 0
    return user


_ANYBODY = Browser()  # making one costs more than an answer


def guess(
    email: str,
    password: str = "",
    *,
    address: str = "192.0.2.1",
    browser: Browser | None = None,
    **headers: str,
) -> Any:
    if browser is None:
        browser = _ANYBODY
        browser.cookies.clear()
    typed = {"login": email, "password": password or "wrong"}
    return browser.post(LOGIN, typed, REMOTE_ADDR=address, headers=headers)


def test_a_thousand_guesses_are_five(ben: Actor, bens: User) -> None:
    statuses = [guess(bens.email, f"guess {n}").status_code for n in range(999)]
    assert statuses == [200] * 5 + [429] * 994
    assert Counting.looked == 5
    assert guess(bens.email, PASSWORD).status_code == 429
    assert noted(ben) == ["account.guessing_stopped"]
    assert AccessAttempt.objects.count() == 1


def test_guesses_from_everywhere_are_fifty(bens: User) -> None:
    answers = [guess(bens.email, f"guess {n}", address=f"198.51.100.{n}").status_code for n in range(100)]
    assert answers.count(200) == Counting.looked == 50


def test_one_address_tries_no_list_on_everybody(bens: User) -> None:
    answers = [guess(f"person{n}@northlight.example").status_code for n in range(50)]
    assert answers.count(200) == Counting.looked == 30
    assert AccessAttempt.objects.count() == 30


def test_no_header_evades_the_count_or_aims_it(ben: Actor, bens: User) -> None:
    for n in range(20):
        spoofed = {
            "x-forwarded-for": f"203.0.113.{n}",
            "x-real-ip": f"203.0.113.{n}",
            "forwarded": f"for=203.0.113.{n}",
            "cf-connecting-ip": f"203.0.113.{n}",
            "true-client-ip": f"203.0.113.{n}",
            "x-client-ip": f"203.0.113.{n}",
            "user-agent": f"Browser {n}",
            "cookie": f"earshot_device=made-up-{n}",
        }
        guess(bens.email, **spoofed)
    assert Counting.looked == 5
    assert {row.ip_address for row in AccessAttempt.objects.all()} == {"192.0.2.1"}
    assert guess(bens.email, PASSWORD, address="203.0.113.7").status_code == 302


def test_one_machine_has_no_more_guesses_for_having_many_addresses(bens: User) -> None:
    for n in range(20):
        guess(bens.email, address=f"2001:db8:1:2::{n:x}")
    assert Counting.looked == 5


@pytest.mark.parametrize(
    "spelling", ["BEN@NORTHLIGHT.EXAMPLE", " ben@northlight.example ", "ben@northl\u0131ght.example"]
)
def test_other_spellings_of_an_account_are_counted_together(bens: User, spelling: str) -> None:
    for _ in range(5):
        guess(bens.email)
    assert guess(spelling, PASSWORD).status_code == 429


def test_an_account_that_is_there_answers_as_one_that_is_not(bens: User) -> None:
    def told(email: str, address: str) -> list[tuple[int, str, str]]:
        answers = [guess(email, address=address) for _ in range(7)]
        return [(one.status_code, words(one), one.get("Retry-After", "")) for one in answers]

    assert told(bens.email, "192.0.2.1") == told("eve@northlight.example", "192.0.2.2")
    assert Counting.looked == 10


def test_an_account_that_is_there_costs_as_much_work_as_one_that_is_not(bens: User) -> None:
    """What takes the time: the slow hash once, and as many queries. (Measured with argon2: medians within 1 %.)"""

    def work(email: str, address: str) -> tuple[int, int]:
        before = Counting.looked
        with CaptureQueriesContext(connection) as queries:
            guess(email, address=address)
        return Counting.looked - before, len(queries)

    never_set = User.objects.create(email="fay@northlight.example", password=make_password(None))
    assert (
        work(bens.email, "192.0.2.1")
        == work("eve@northlight.example", "192.0.2.2")
        == work(never_set.email, "192.0.2.3")
    )


def test_the_refusal_says_how_long_and_what_to_do(bens: User) -> None:
    for _ in range(5):
        guess(bens.email)
    refused = guess(bens.email)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "900"
    assert "Wait 15 minutes, then try again." in words(refused)
    assert "Choose a new password" in words(refused)


def test_after_a_quarter_of_an_hour_it_is_open_again_and_trying_prolongs_nothing(
    bens: User, clock: Clock
) -> None:
    for _ in range(5):
        guess(bens.email)
    for _ in range(14):
        clock.advance(minutes=1)
        assert guess(bens.email, PASSWORD).status_code == 429
    clock.advance(minutes=1, seconds=1)
    assert guess(bens.email, PASSWORD).status_code == 302


def test_a_right_password_forgets_the_wrong_ones(bens: User) -> None:
    for _ in range(3):
        for _ in range(4):
            guess(bens.email)
        assert guess(bens.email, PASSWORD).status_code == 302


def test_nobody_is_kept_out_of_their_own_browser_by_others(bens: User) -> None:
    own = Browser()
    assert guess(bens.email, PASSWORD, browser=own).status_code == 302
    own.post("/accounts/logout/")
    for n in range(60):
        guess(bens.email, address=f"198.51.100.{n + 1}")
    for n in range(32):
        guess(f"person{n}@northlight.example")
    assert guess(bens.email, PASSWORD, address="192.0.2.1").status_code == 429
    assert guess(bens.email, PASSWORD, browser=own).status_code == 302


def test_a_known_browser_has_ten_guesses_and_only_at_its_own_account(bens: User, ana: Actor) -> None:
    other = with_password(ana)
    own = Browser()
    guess(bens.email, PASSWORD, browser=own)
    own.post("/accounts/logout/")
    Counting.looked = 0
    for _ in range(20):
        guess(bens.email, browser=own)
    assert Counting.looked == 10
    for _ in range(20):
        guess(other.email, browser=own)
    assert Counting.looked == 15


def test_a_password_by_mail_ends_the_wait(bens: User) -> None:
    for _ in range(6):
        guess(bens.email)
    link = password_link(bens).split("8000", 1)[1]
    browser = Browser()
    form = browser.get(link, follow=True)
    new = {"password1": "tundra-lantern-fig", "password2": "tundra-lantern-fig"}
    browser.post(form.redirect_chain[-1][0], new)
    assert guess(bens.email, "tundra-lantern-fig").status_code == 302


def test_codes_are_guessed_no_better_than_passwords(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    add_app(browser)
    tried = [_guess_codes(bens, f"198.51.100.{n + 1}") for n in range(10)]
    # The first code of the ten was the one that asked whether it is really you, and was right.
    assert tried == [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]


def _guess_codes(user: User, address: str) -> int:
    browser = Browser(REMOTE_ADDR=address)
    sign_in(browser, user)
    answers = [browser.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}).status_code for n in range(8)]
    return answers.count(200)


def test_the_old_password_is_guessed_no_better_by_who_finds_a_browser_open(bens: User) -> None:
    browser = Browser()
    sign_in(browser, bens)
    typed = {"password1": "tundra-lantern-fig", "password2": "tundra-lantern-fig"}
    answers = [
        browser.post("/accounts/password/change/", {"oldpassword": f"guess {n}", **typed}).status_code
        for n in range(30)
    ]
    assert answers.count(200) <= 10
    assert answers[-1] == 429


def test_what_was_typed_is_kept_nowhere(bens: User) -> None:
    guess(bens.email, "my real password with a slip")
    row = AccessAttempt.objects.values().get()
    assert "slip" not in str(row)
    assert "csrf" not in str(row)
    assert row["post_data"] == row["get_data"] == ""


def test_guessing_is_stopped_while_the_cache_is_away(bens: User, settings: Any) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "config.cache.ForgivingRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    statuses = [guess(bens.email).status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    browser = Browser()
    assert guess(bens.email, PASSWORD, address="192.0.2.9", browser=browser).status_code == 302
    assert browser.get("/").status_code == 200
    assert browser.get("/account/").status_code == 200
    assert browser.post("/accounts/password/reset/", {"email": bens.email}).status_code == 302


def test_who_runs_the_installation_ends_the_wait(bens: User) -> None:
    for command in (["axes_reset_username", bens.email], ["axes_reset_ip", "192.0.2.1"], ["axes_reset"]):
        for _ in range(6):
            guess(bens.email)
        assert guess(bens.email, PASSWORD).status_code == 429
        call_command(*command, stdout=StringIO())
        assert guess(bens.email, PASSWORD).status_code == 302


def test_of_guesses_at_the_same_moment_no_more_are_looked_at(committed: None) -> None:
    one = Guess("ben@northlight.example", "192.0.2.1")

    def look(_: int) -> bool:
        try:
            return count_guess(one, now=FRIDAY_EVENING).wait is None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(look, range(40))) == 5


@given(st.text())
def test_every_text_has_one_key_and_every_address_a_network(text: str) -> None:
    assert account_key(account_key(text)) == account_key(text)
    assert account_key(text.lower()) == account_key(text) or text.lower().upper() != text.upper()
    assert network(text)


def test_guesses_that_are_over_are_swept(bens: User, clock: Clock) -> None:
    guess("eve@northlight.example", address="192.0.2.8")
    clock.advance(seconds=WINDOW.total_seconds() + 1)
    guess(bens.email, PASSWORD)
    assert not AccessAttempt.objects.exists()

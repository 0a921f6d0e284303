"""Every problem has a code that means one thing."""

import re
from collections import defaultdict

from agency.errors import DomainError
from agency.problem_types import errors, problem_types
from config import api_urls

assert api_urls  # all that the API can raise is loaded

# Said of the same thing by two: what they mean, and what a program does about it, is the same.
SHARED: dict[str, str] = {}


def test_no_two_errors_share_a_code() -> None:
    owners = defaultdict(set)
    for error in errors():
        if "code" in vars(error):
            owners[error.code].add(error.__qualname__)
    twice = {code: names for code, names in owners.items() if len(names) > 1 and code not in SHARED}
    assert twice == {}


def test_every_error_has_a_code_of_its_own() -> None:
    nameless = [error.__qualname__ for error in errors() if "code" not in vars(error)]
    assert nameless == []


def test_a_code_has_one_title_and_one_status() -> None:
    codes = [problem.code for problem in problem_types()]
    assert len(codes) == len(set(codes)) > 40


def test_codes_are_words_and_statuses_are_errors() -> None:
    for problem in problem_types():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", problem.code)
        assert 400 <= problem.status < 600
        assert problem.title


def test_an_error_without_words_says_its_title() -> None:
    assert DomainError().message == DomainError.title

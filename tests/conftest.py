"""Begins the test process, and names where its fixtures are."""

from tests import process

process.begin()

pytest_plugins = ["tests.fixtures"]


def pytest_unconfigure() -> None:
    process.end()

"""Begins the test process, names where its fixtures are, and says at the end what the contracts found."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import leaks, process

process.begin()
from tests.contracts import answers  # noqa: E402  (the document needs Django, which is set up by now)

answers.watch()
watch = leaks.Watch()
leaks.begin(watch)

pytest_plugins = ["tests.fixtures"]
# What each process logged: (lines, secrets, leaks).
logged: list[tuple[int, int, list[str]]] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In random order, but what mostly waits begins at once, so that nobody waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Each process searches its log; xdist's workers hand over what they found."""
    deaf = [] if watch.is_listening() else ["The log was set up again, and nobody listened to it any more."]
    told = (watch.lines, len(watch.known), deaf + watch.found())
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["logged"] = told
        return
    logged.append(told)
    if any(found for _, _, found in logged):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    logged.extend(filter(None, [getattr(node, "workeroutput", {}).get("logged")]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for line in (*_said(terminalreporter), *_matrix(terminalreporter)):
        terminalreporter.write_line(line)
    found = [leak for _, _, leaked in logged for leak in leaked]
    lines, secrets = (sum(told[place] for told in logged) for place in (0, 1))
    terminalreporter.write_line(f"log: {lines:,} lines searched for {secrets:,} secrets, {len(found)} found")
    for leak in found[:20]:
        terminalreporter.write_line(leak, red=True)


def _properties(terminalreporter: Any, name: str) -> Iterator[Any]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            yield from (value for key, value in report.user_properties if key == name)


def _said(terminalreporter: Any) -> list[str]:
    return sorted(_properties(terminalreporter, "said"))


def _matrix(terminalreporter: Any) -> Iterator[str]:
    """One line of what the actors' walks counted (tests/contracts/test_matrix.py)."""
    walks = list(_properties(terminalreporter, "matrix"))
    if not walks:
        return
    whole = [walk for walk in walks if walk["how"] == "as it is"]
    alone = [walk for walk in walks if walk["how"] != "as it is"]
    doors, kinds = (max(walk[name] for walk in walks) for name in ("doors", "kinds"))

    def total(some: list[Any], name: str) -> int:
        return sum(walk[name] for walk in some)

    yield (
        f"matrix: {doors} doors × {len(whole)} actors × {kinds} kinds of ids = {total(whole, 'knocks'):,} knocks,"
        f" {total(whole, 'wrong')} wrong; with the managers' filter off {total(alone, 'knocks'):,} knocks of"
        f" {len(alone)} actors, {total(alone, 'wrong')} wrong"
    )


def pytest_unconfigure() -> None:
    watch.close()
    process.end()

"""The application in the test's own process and transaction: what a case did is undone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction

from tests.making import commit_checks


class Whole:
    """The application, whose answers are read to their ends and closed: files and all."""

    def __init__(self) -> None:
        self.handler = WSGIHandler()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        answer: Any = self.handler(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            answer.close()


@contextmanager
def application() -> Iterator[Whole]:
    """For as long as it serves, requests leave the database's connection alone: it is the test's."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield Whole()
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is checked as at a commit, and undone."""
    with transaction.atomic():
        yield
        commit_checks()
        transaction.set_rollback(True)

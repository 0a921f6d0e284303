"""The request's id: in each answer and each line of the log, the caller's own only where it is harmless."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import RequestFactory
from django.test.client import ClientHandler
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from agency.actor import Actor
from agency.api.me import MeViews
from agency.tasks import sweep_alarms
from config.celery import app
from config.middleware import RequestId
from tests.fixtures import Api

SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Lines(logging.Handler):
    """What is logged, as the installation would write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        root = logging.getLogger()
        self.lines: list[dict[str, Any]] = []
        self.setFormatter(next(h.formatter for h in root.handlers if h.formatter))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler.lines
    logging.getLogger().removeHandler(handler)


def test_every_answer_has_one(db: None, ana: Actor, page: Callable[[Actor], Browser]) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/nowhere/", {}),
        ("GET", "/api/nowhere", {}),
        ("GET", "/api/v1/me", {}),
        ("GET", "/", {}),  # goes to the sign-in
        ("GET", "/clients", {}),  # goes to the slash
        ("POST", "/accounts/login/", {}),
        ("GET", "/healthz", {"headers": {"host": "elsewhere.example"}}),
        ("GET", "/static/agency/mark.svg", {}),
        ("OPTIONS", "/api/v1/me/", {}),
    ]
    ids = []
    for browser, (method, path, more) in [
        *((Browser(), one) for one in asked),
        (page(ana), ("GET", "/team/", {})),
    ]:
        answer = browser.generic(method, path, **more)
        if answer.streaming:
            b"".join(answer.streaming_content)
        ids.append(answer["X-Request-ID"])
    assert all(SANE.fullmatch(one) for one in ids)
    assert len(set(ids)) == len(ids)


def test_each_line_of_a_request_carries_its_id(
    ana: Actor, api: Callable[..., Api], logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = api(ana)
    key.get("/api/v1/me/", **{"x-request-id": "from-the-caller-1"})
    assert {line["request_id"] for line in logged} == {"from-the-caller-1"}
    assert {line["event"] for line in logged} >= {"request_finished"}
    assert logged[-1]["key"] == key.token.split("_")[1]
    logged.clear()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(MeViews, "retrieve", broken)
    request = RequestFactory().get(
        "/api/v1/me/",
        headers={"authorization": f"Bearer {key.token}", "x-request-id": "from-the-caller-2"},
    )
    answer = ClientHandler()(request.environ)
    assert (answer.status_code, answer["X-Request-ID"]) == (500, "from-the-caller-2")
    assert {line["request_id"] for line in logged} == {"from-the-caller-2"}
    # Django's own line about it is written when all middleware is done.
    assert "Internal Server Error: /api/v1/me/" in {line["event"] for line in logged}


def test_what_one_request_was_is_not_said_of_the_next(
    ana: Actor, api: Callable[..., Api], logged: list[dict[str, Any]]
) -> None:
    api(ana).get("/api/v1/me/")
    logged.clear()
    Browser().get("/healthz", headers={"host": "elsewhere.example", "x-request-id": "another-request"})
    assert logged
    assert {line["request_id"] for line in logged} == {"another-request"}
    assert not any("key" in line for line in logged)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(offered=st.one_of(st.text(max_size=80), st.text(alphabet="ab1-._\r\n :", min_size=6, max_size=70)))
def test_only_a_harmless_id_of_the_callers_is_taken(offered: str, logged: list[dict[str, Any]]) -> None:
    seen: list[str] = []

    def view(request: Any) -> HttpResponse:
        seen.append(request.META["HTTP_X_REQUEST_ID"])
        seen.append(request.headers["X-Request-ID"])
        logging.getLogger("earshot.test").warning("said")
        return HttpResponse()

    logged.clear()
    request = RequestFactory().get("/")
    request.META["HTTP_X_REQUEST_ID"] = offered
    answer = RequestId(view)(request)
    told = {answer["X-Request-ID"], *seen, *(line["request_id"] for line in logged)}
    assert len(told) == 1
    one = told.pop()
    assert SANE.fullmatch(one)
    assert (one == offered) == bool(SANE.fullmatch(offered))


def test_a_task_names_itself_in_each_of_its_lines(
    db: None, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "agency.tasks.sweep.sweep", lambda **_: logging.getLogger("earshot.test").warning("swept")
    )
    name = str(uuid4())
    assert app.tasks["sweep.alarms"].name == sweep_alarms.name
    sweep_alarms.apply(task_id=name)
    line = next(line for line in logged if line["event"] == "swept")
    assert (line["task"], line["task_id"]) == ("sweep.alarms", name)
    logging.getLogger("earshot.test").warning("after")
    assert "task" not in logged[-1]

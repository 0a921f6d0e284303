"""What the API says when something is wrong: always a problem, never half-done."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.api.members import MemberViews
from agency.models import Membership
from tests.fixtures import Api


def told(answer: Any) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["status"] == answer.status_code
    return body


@pytest.mark.parametrize("token", ["", "esk_unknown_secret", "nonsense", "esk__", "esk_ü_ü"])
def test_without_a_live_key_the_answer_says_how_to_sign_in(db: None, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = Browser().get("/api/v1/clients/", headers=headers)
    assert (told(answer)["status"], answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="earshot"')


def test_a_session_needs_the_csrf_token(ana: Actor) -> None:
    browser = Browser(enforce_csrf_checks=True)
    user = Membership.objects.get(user__name="Ana").user
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/api/v1/me/").status_code == 200
    answer = browser.post("/api/v1/clients/", {"name": "Acorn"}, content_type="application/json")
    assert (told(answer)["status"], answer.json()["code"]) == (403, "csrf_failed")


@pytest.mark.parametrize(
    "path", ["/api/v1/", "/api/v1/mentions/not-an-id/", "/api/v2/mentions/", "/api/v1/clients/5/", "/api/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_addresses_that_there_are_not_say_so(db: None, path: str, method: str) -> None:
    assert told(Browser().generic(method, path))["code"] == "not_found"


def test_a_missing_slash_is_named(db: None) -> None:
    assert "/api/v1/mentions/" in told(Browser().get("/api/v1/mentions"))["detail"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_is_not_served_is_refused(api: Callable[..., Api], ana: Actor, method: str) -> None:
    answer = api(ana).call(method, "/api/v1/clients/")
    assert (told(answer)["status"], answer.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_only_json_is_taken(api: Callable[..., Api], ana: Actor) -> None:
    key = api(ana)
    signed = {"authorization": f"Bearer {key.token}"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = key.browser.generic(
            "POST", "/api/v1/clients/", data=b"name=Acorn", content_type=kind, headers=signed
        )
        assert told(answer)["status"] == 415


def test_only_json_is_given(api: Callable[..., Api], ana: Actor) -> None:
    assert told(api(ana).get("/api/v1/clients/", accept="application/xml"))["status"] == 406
    assert api(ana).get("/api/v1/clients/", accept="text/html,*/*;q=0.8").status_code == 200


def test_a_huge_body_is_refused(api: Callable[..., Api], ana: Actor) -> None:
    assert told(api(ana).post("/api/v1/clients/", b'{"name":"' + b"a" * 1_000_000 + b'"}'))["status"] == 413


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"NaN", b'{"name": NaN}', b'{"name": "\\ud800"}', b'\xff\xfe{"a":1}', b"null", b"[]", b'"x"'),
        *(b"[" * 100_000, b'{"name":' * 2000 + b"1" + b"}" * 2000, b'{"name": "Acorn"} x', b"5", b"true"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_object_is_refused(api: Callable[..., Api], ana: Actor, body: bytes) -> None:
    assert told(api(ana).post("/api/v1/clients/", body))["status"] == 400


@pytest.mark.parametrize("name", [5, True, None, [], {}, "", "   ", "\u0000", "\u200b", "x" * 121])
def test_a_name_that_is_none_is_the_fields_fault(api: Callable[..., Api], ana: Actor, name: object) -> None:
    body = told(api(ana).post("/api/v1/clients/", {"name": name}))
    assert [error["pointer"] for error in body["errors"]] == ["/name"]


def test_unknown_fields_are_named_as_json_pointers(api: Callable[..., Api], ana: Actor) -> None:
    body = told(api(ana).post("/api/v1/clients/", {"name": "Acorn", "colour": 1, "a/b~c": 2}))
    assert {(e["pointer"], e["code"]) for e in body["errors"]} == {
        ("/colour", "unknown_field"),
        ("/a~1b~0c", "unknown_field"),
    }
    assert api(ana).get("/api/v1/clients/").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("clinet=x", "/clinet"),
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=ten", "/limit"),
        ("limit=5&limit=6", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("cursor=WyJzXHUwMDAwIiwidTAiXQ", "/cursor"),
        ("archived=perhaps", "/archived"),
    ],
)
def test_a_wrong_filter_is_refused_and_never_shows_everything(
    api: Callable[..., Api], ana: Actor, query: str, pointer: str
) -> None:
    body = told(api(ana).get(f"/api/v1/clients/?{query}"))
    assert (body["status"], body["errors"][0]["pointer"]) == (400, pointer)


def test_a_call_without_filters_takes_none(api: Callable[..., Api], ana: Actor) -> None:
    assert told(api(ana).get("/api/v1/me/?format=xml"))["errors"][0]["pointer"] == "/format"


def test_what_was_not_foreseen_is_a_problem_too(
    api: Callable[..., Api],
    ana: Actor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(MemberViews, "retrieve", broken)
    key = api(ana)
    key.browser.raise_request_exception = False
    signed = {"authorization": f"Bearer {key.token}"}
    answer = key.browser.get(f"/api/v1/members/{uuid4()}/", headers=signed)
    assert told(answer)["code"] == "server_error"
    assert b"secret" not in answer.content
    assert "RuntimeError: a secret of ours" in caplog.text


def test_a_sane_request_id_of_the_callers_comes_back(api: Callable[..., Api], ana: Actor) -> None:
    answer = api(ana).get("/api/v1/me/", **{"x-request-id": "from-the-caller-1"})
    assert answer.headers["X-Request-ID"] == "from-the-caller-1"


def test_head_answers_as_get_without_a_body(api: Callable[..., Api], ana: Actor) -> None:
    answer = api(ana).call("HEAD", "/api/v1/clients/")
    assert (answer.status_code, answer.content) == (200, b"")

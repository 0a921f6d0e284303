"""Requests that no honest program sends: refused in the API's own words, and nothing is half done."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from agency.actor import Actor
from agency.api.serializers import Day, Moment
from agency.tenancy import tenant
from clients.models import Client
from config.middleware import WholeBody
from mentions.models import Mention
from tests.fixtures import Api

CLIENTS = "/api/v1/clients/"
ACORN = {"name": "Acorn", "time_zone": "UTC", "language": "en"}


def code(answer: Any) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "recursion"),
        (b"[" * 1000 + b"]" * 1000, "too deep to look"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "too deep to look"),
        (b'{"name": NaN}', "NaN"),
        (b'{"name": "\\ud800"}', "surrogate"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"name": "Acorn"', "end"),
        (b'{"name": "Acorn",}', "comma"),
        (b'{"name": "Acorn"} {}', "twice"),
        (b'{"name": "Acorn", "name": "Birch"}', "name"),
        (b'{"targets": {"low": 1, "low": 2}}', "low"),
        (b'[{"a": 1, "\\u0061": 2}]', "a"),
    ],
    ids=lambda value: value if isinstance(value, str) else "body",
)
def test_what_is_not_strict_json_is_refused(
    api: Callable[..., Api], ana: Actor, body: bytes, why: str
) -> None:
    assert code(api(ana).post(CLIENTS, body))[0] == 400, why


class InPieces(BytesIO):
    """What a server hands on of a body that came in pieces: never all that was asked for at once."""

    def read(self, most: int | None = -1) -> bytes:
        return super().read(min(most or 0, 7))


@pytest.mark.parametrize("sent", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"SERVER_PROTOCOL": "HTTP/2.0"}])
def test_a_body_whose_length_is_not_said_is_read(sent: dict[str, str]) -> None:
    def read(body: bytes) -> bytes:
        asked = RequestFactory().generic("POST", CLIENTS, **{**sent, "wsgi.input": InPieces(body)})  # type: ignore[arg-type]
        return WholeBody(lambda request: HttpResponse(request.body))(asked).content

    assert read(b'{"name": "Acorn", "time_zone": "UTC"}') == b'{"name": "Acorn", "time_zone": "UTC"}'
    assert read(b"") == b""
    with pytest.raises(RequestDataTooBig):
        read(b"x" * 1_000_001)


def test_a_field_that_is_given_twice_is_named(api: Callable[..., Api], ana: Actor) -> None:
    answer = api(ana).post(CLIENTS, b'{"name": "Acorn", "language": "en", "name": "Birch"}')
    assert (code(answer), answer.json()["detail"]) == (
        (400, "parse_error"),
        "The field “name” is given twice.",
    )


@pytest.mark.parametrize("number", [b"9" * 5000, b"1e400", b"-0", b"1" + b"0" * 400, b"1e308", b"0.1"])
def test_huge_numbers_are_refused(
    api: Callable[..., Api], ana: Actor, mention: Mention, number: bytes
) -> None:
    answer = api(ana).post(f"/api/v1/mentions/{mention.pk}/claim/", b'{"version": ' + number + b"}")
    assert code(answer)[0] == 400


@pytest.mark.parametrize("extra", [{}, {"Idempotency-Key": "one"}])
def test_a_body_over_a_megabyte_is_refused(
    api: Callable[..., Api], ana: Actor, extra: dict[str, str]
) -> None:
    body = b'{"name": "' + b"x" * 1_000_000 + b'"}'
    assert code(api(ana).post(CLIENTS, body, **extra)) == (413, "too_large")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/json5", ";;"],
)
def test_only_json_is_taken(api: Callable[..., Api], ana: Actor, kind: str) -> None:
    answer = Browser().generic(
        "POST", CLIENTS, b'{"name": "Acorn"}', content_type=kind,
        headers={"authorization": f"Bearer {api(ana).token}"},
    )  # fmt: skip
    assert code(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", 'application/json;x="y']
)
def test_parameters_of_json_say_nothing(api: Callable[..., Api], ana: Actor, kind: str) -> None:
    answer = Browser().generic(
        "POST", CLIENTS, b'{"name": "Acorn", "time_zone": "UTC", "language": "en"}', content_type=kind,
        headers={"authorization": f"Bearer {api(ana).token}"},
    )  # fmt: skip
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml;q=1", "nonsense", ";", "\x00", "a/b/c", "*"]
)
def test_no_accept_header_breaks_anything(api: Callable[..., Api], ana: Actor, accept: str) -> None:
    answer = api(ana).get(CLIENTS, Accept=accept)
    assert answer.status_code in {200, 406}


@pytest.mark.parametrize(
    "token", ["\x00", "esk_a\x00_b", "esk_" + "x" * 100_000, "esk_ü_x", "  ", "esk_a_b c"]
)
def test_no_authorization_breaks_anything(db: None, token: str) -> None:
    assert code(Api(token).get(CLIENTS))[0] == 401


@pytest.mark.parametrize(
    "query",
    ["name=%00", "limit=%00", "cursor=%00", "limit=%ff", "archived=%ED%A0%80", "limit=%EF%BC%91%EF%BC%90", "limit=1_0", "limit=+5",
     "limit=5&limit=6", "%00=1", "%ff=1", "=", "limit=1e1", "limit=" + "9" * 5000, "cursor=" + "A" * 5000],
)  # fmt: skip
def test_queries_are_taken_strictly(api: Callable[..., Api], ana: Actor, query: str) -> None:
    answer = Browser().generic(
        "GET", CLIENTS, headers={"authorization": f"Bearer {api(ana).token}"}, QUERY_STRING=query
    )
    assert code(answer)[0] == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_a_method_that_is_not_served_says_which_are(api: Callable[..., Api], ana: Actor, method: str) -> None:
    answer = api(ana).call(method, CLIENTS)
    assert code(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_head_is_get_without_its_body(api: Callable[..., Api], ana: Actor, brand: Client) -> None:
    key = api(ana)
    for path in (CLIENTS, f"{CLIENTS}{brand.pk}/approval-policy/", f"{CLIENTS}{ana.agency_id}/"):
        got, head = key.get(path), key.call("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers.get("ETag") == got.headers.get("ETag")
        assert head.headers["Content-Type"] == got.headers["Content-Type"]


# Times --------------------------------------------------------------------------------------------------

ODD_TIMES = [
    *("0513-10-31T14:30:59+19:11", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-06T24:00:00Z"),
    *("2026-03-06T19:04:60Z", "2026-W10-5T19:04:00Z", "２０２６-03-06T19:04:00Z", "2026-03-06T19:04:00", "2026-03-06"),
    *("20260306T190400Z", "2026-02-30T00:00:00Z", "2026-03-06T19:04:00+24:00", "2026-03-06T19:04Z", " 2026-03-06T19:04:00Z"),
    *("2026-03-06T19:04:00Z\n", "2026-03-06T19:04:00 Z", "2026-03-06T19:04:00+0100", "-2026-03-06T19:04:00Z", "0", "now"),
    *("2200-01-01T00:00:00Z", "1899-12-31T23:59:59Z"),
]  # fmt: skip


@pytest.mark.parametrize("time", ODD_TIMES)
def test_odd_times_are_refused_in_bodies_and_queries(
    api: Callable[..., Api], ana: Actor, mention: Mention, time: str
) -> None:
    key = api(ana)
    body = {"version": 1, "url": "https://forum.example/1", "at": time}
    refused = key.post(f"/api/v1/mentions/{mention.pk}/answered/", body)
    assert (code(refused)[0], refused.json()["errors"][0]["pointer"]) == (400, "/at")
    answer = key.browser.get(
        "/api/v1/audit/", {"since": time}, headers={"authorization": f"Bearer {key.token}"}
    )
    assert (code(answer)[0], answer.json()["errors"][0]["pointer"]) == (400, "/since")


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-06t19:04:00z",
        "2026-03-06 19:04:00Z",
        "2026-03-06T19:04:00.123456789-00:00",
        "1900-01-01T00:00:00Z",
    ],
)
def test_what_rfc_3339_writes_is_taken(time: str) -> None:
    assert Moment().run_validation(time).utcoffset().total_seconds() == 0


@given(st.text() | st.datetimes(timezones=st.timezones() | st.none()).map(lambda t: t.isoformat()))
def test_whatever_is_taken_for_a_time_is_one_that_everything_can_be_reckoned_from(text: str) -> None:
    for kind in (Moment(), Day()):
        try:
            taken = kind.run_validation(text)
        except ValidationError:
            continue
        assert 1900 <= taken.year < 2200


# Nothing half done ------------------------------------------------------------------------------------------

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(field=st.sampled_from(["name", "time_zone", "language", "extra"]), value=json)
def test_a_client_is_made_whole_or_not_at_all(
    api: Callable[..., Api], ana: Actor, field: str, value: Any
) -> None:
    key = api(ana)
    with tenant(ana.agency_id):
        before = Client.objects.count()
    answer = key.post(CLIENTS, {**ACORN, field: value}, **{"Idempotency-Key": "same"})
    assert answer.status_code in {201, 400}
    with tenant(ana.agency_id):
        assert Client.objects.count() - before == (answer.status_code == 201)

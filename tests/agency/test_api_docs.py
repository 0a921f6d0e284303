"""The API's page and document, which anybody may read."""

import re

import orjson
import pytest
from django.test import Client as Browser

from agency.api.docs import document


def test_the_page_has_nothing_inline_and_keeps_the_strict_policy() -> None:
    page = Browser().get("/api/")
    policy, html = page.headers["Content-Security-Policy"], page.content.decode()
    assert "unsafe" not in policy
    assert re.findall(r"<script(?! src=)|<style|style=|onclick", html) == []
    script = re.findall(r'<script src="([^"]+)"', html)[-1]
    assert "/api/schema/" in Browser().get(script).content.decode()


@pytest.mark.parametrize(
    ("address", "accept", "kind"),
    [
        ("/api/schema/", "*/*", "json"),
        ("/api/schema/", "application/yaml", "yaml"),
        ("/api/schema/?format=yaml", "*/*", "yaml"),
    ],
)
def test_the_document_comes_as_json_or_yaml(address: str, accept: str, kind: str) -> None:
    answer = Browser().get(address, headers={"accept": accept})
    assert answer.headers["Content-Type"] == f"application/vnd.oai.openapi+{kind}"
    assert answer.content.decode().lstrip('{\n "').startswith("openapi")


def test_another_format_is_refused() -> None:
    assert Browser().get("/api/schema/?format=xml").json()["code"] == "invalid"


def test_the_document_is_packed_and_not_sent_twice() -> None:
    answer = Browser().get("/api/schema/", headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) < 300_000
    tag = answer["ETag"]
    again = Browser().get("/api/schema/", headers={"accept-encoding": "gzip", "if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_each_call_tells_of_the_limits_in_the_document() -> None:
    described = orjson.loads(document("json"))
    limited = described["components"]["responses"]["TooMany"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-ID"} <= set(limited["headers"])
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert "429" in operation["responses"], (method, path)
            for status, answer in operation["responses"].items():
                assert "$ref" in answer or "RateLimit" in answer["headers"], (method, path, status)

"""The API's page and document, which anybody may read."""

import re

import pytest
from django.test import Client as Browser


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

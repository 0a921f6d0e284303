"""The API's document: true to the code, valid, whole, and with examples that fit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator import validate as validate_document

from agency.api.docs import document
from tests.contracts.answers import described, validator

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.yaml"
REFRESH = "python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_committed_document_is_the_one_that_the_code_gives() -> None:
    assert COMMITTED.read_text() == document("yaml").decode(), f"Refresh it: {REFRESH}"


def test_the_document_is_valid_openapi_3_1() -> None:
    assert described()["openapi"].startswith("3.1")
    validate_document(described(), cls=OpenAPIV31SpecValidator)


def test_every_call_has_its_own_name_and_says_what_it_does() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names)) > 50
    assert [path for path, _, operation in operations() if not operation.get("summary")] == []


def test_every_call_documents_its_errors() -> None:
    for path, method, operation in operations():
        missing = {"400", "401", "406"} - set(operation["responses"])
        assert not missing, f"{method} {path}: {missing}"
        assert ("404" in operation["responses"]) == ("{" in path)
        assert ("415" in operation["responses"]) == ("requestBody" in operation)


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, method, operation in operations():
        for status, answer in operation["responses"].items():
            if status.startswith("2") and "application/json" in answer.get("content", {}):
                yield f"{method} {path} {status}", answer["content"]["application/json"]
        if "requestBody" in operation:
            yield f"{method} {path}", operation["requestBody"]["content"]["application/json"]


def test_every_body_has_an_example_that_fits() -> None:
    for name, body in bodies():
        assert body.get("examples"), f"{name} has no example"
        for example in body["examples"].values():
            faults = [error.message for error in validator(body["schema"]).iter_errors(example["value"])]
            assert not faults, f"{name}: {faults}"

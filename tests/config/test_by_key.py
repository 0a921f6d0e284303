"""Which view answers a call by key is looked for once, of the addresses that hold no id."""

from typing import Any, cast

from django.test import RequestFactory

from config.by_key import _Short


def found(short: _Short, path: str) -> Any:
    request = RequestFactory().get(path)
    match = short.resolve_request(request)
    assert cast("Any", request).resolver_match is match
    return match


def test_an_address_without_an_id_is_looked_for_once() -> None:
    short = _Short()
    first = found(short, "/api/v1/mentions/")
    assert first.route == "api/v1/mentions/"
    assert found(short, "/api/v1/mentions/") is first


def test_addresses_with_ids_are_each_looked_for_and_not_held() -> None:
    short = _Short()
    for number in (1, 2):
        mention = f"0195677c-0a54-7000-8d2f-0f3c9a6b1e0{number}"
        assert str(found(short, f"/api/v1/mentions/{mention}/").kwargs["mention_id"]) == mention
    assert not short._found


def test_addresses_that_are_none_are_not_held() -> None:
    short = _Short()
    for number in range(3):
        found(short, f"/api/v1/nothing/{number}")
    assert not short._found

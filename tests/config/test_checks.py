"""What `check` says of an installation's keys."""

from typing import Any

import pytest

from agency.vault import make_key
from config.checks import vault_has_keys_of_its_own, vault_keys_are_keys


@pytest.mark.parametrize(
    ("keys", "codes"),
    [
        ([], ["earshot.W002"]),
        ([make_key("k1"), make_key("k2")], []),
        (["s3v3ral-w0rds-th4t-n0b0dy-c4n-gu3ss!"], []),
        (["k1:" + "A" * 43 + "="], ["earshot.W003"]),
        (["passwordpasswordpasswordpassword"], ["earshot.W003"]),
    ],
)
def test_weak_or_missing_keys_are_named_before_people_depend_on_them(
    settings: Any, keys: list[str], codes: list[str]
) -> None:
    settings.VAULT_KEYS = keys
    assert [found.id for found in vault_has_keys_of_its_own(None)] == codes
    assert vault_keys_are_keys(None) == []


@pytest.mark.parametrize("entry", ["too short", "k1:AAAA", "k1:"])
def test_what_is_no_key_stops_every_start(settings: Any, entry: str) -> None:
    settings.VAULT_KEYS = [entry]
    assert [found.id for found in vault_keys_are_keys(None)] == ["earshot.E001"]
    assert vault_has_keys_of_its_own(None) == []

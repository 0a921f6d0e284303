"""The vault: what is sealed opens with its key, in its own place, unchanged, and not otherwise."""

import base64
import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from agency.vault import (
    BadVaultKey,
    VaultKeyMissing,
    VaultRefused,
    first_key_id,
    is_sealed,
    key_id,
    make_key,
    parse_key,
    seal,
    unseal,
)

PLACE = "agency:1:source:2:secrets"
OLD, NEW = make_key("old"), make_key("new")
any_text = st.text(st.characters(), max_size=200)


@given(any_text, st.text(max_size=40))
def test_what_is_sealed_opens_again(text: str, place: str) -> None:
    sealed = seal(text, context=place)
    assert is_sealed(sealed)
    assert unseal(sealed, context=place) == text


@given(any_text)
def test_sealing_twice_gives_two_texts_that_show_nothing(text: str) -> None:
    one, other = seal(text, context=PLACE), seal(text, context=PLACE)
    assert one != other
    assert len(text) < 4 or text not in one


@given(st.text(max_size=40), st.text(max_size=40))
def test_it_opens_in_no_other_place(place: str, other: str) -> None:
    sealed = seal("a token", context=place)
    if place != other:
        with pytest.raises(VaultRefused, match="belongs elsewhere"):
            unseal(sealed, context=other)


@given(st.integers(0, 200), st.permutations("ABCxyz019-_"))
def test_it_opens_with_nothing_changed_only(position: int, signs: list[str]) -> None:
    """What is drawn knows nothing of what was sealed, which is another each time."""
    sealed = seal("a token that is worth something", context=PLACE)
    start = len(sealed) - len(sealed.rsplit(".", 1)[1])
    at = start + position % (len(sealed) - start)
    other = next(sign for sign in signs if sign != sealed[at])
    with pytest.raises(VaultRefused):
        unseal(sealed[:at] + other + sealed[at + 1 :], context=PLACE)


@given(st.integers(0, 200), st.integers(1, 255))
def test_no_byte_may_differ(position: int, flip: int) -> None:
    sealed = seal("a token", context=PLACE)
    head, _, encoded = sealed.rpartition(".")
    box = bytearray(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    box[position % len(box)] ^= flip
    changed = base64.urlsafe_b64encode(box).rstrip(b"=").decode()
    with pytest.raises(VaultRefused):
        unseal(f"{head}.{changed}", context=PLACE)


@given(st.one_of(st.text(max_size=60), st.just("v1.old."), st.just("v2.old.AAAA")))
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(VaultRefused):
        unseal(text, context=PLACE)


def test_the_first_key_seals_and_every_key_opens(settings: Any) -> None:
    settings.VAULT_KEYS = [OLD]
    by_old = seal("a token", context=PLACE)
    settings.VAULT_KEYS = [NEW, OLD]
    by_new = seal("a token", context=PLACE)
    assert (key_id(by_old), key_id(by_new), first_key_id()) == ("old", "new", "new")
    assert unseal(by_old, context=PLACE) == unseal(by_new, context=PLACE) == "a token"


def test_a_key_that_is_gone_is_named(settings: Any) -> None:
    settings.VAULT_KEYS = [OLD]
    sealed = seal("a token", context=PLACE)
    settings.VAULT_KEYS = [NEW]
    with pytest.raises(VaultKeyMissing, match="“old”") as missing:
        unseal(sealed, context=PLACE)
    assert missing.value.key_id == "old"


def test_another_key_under_the_same_id_opens_nothing(settings: Any) -> None:
    settings.VAULT_KEYS = [make_key("k1")]
    sealed = seal("a token", context=PLACE)
    settings.VAULT_KEYS = [make_key("k1")]
    with pytest.raises(VaultRefused):
        unseal(sealed, context=PLACE)


def test_without_keys_of_its_own_the_vault_uses_the_secret_key_and_its_fallbacks(settings: Any) -> None:
    settings.VAULT_KEYS, settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = [], "the first " * 5, []
    sealed = seal("a token", context=PLACE)
    assert key_id(sealed).startswith("secret-key-")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the second " * 5, ["the first " * 5]
    assert unseal(sealed, context=PLACE) == "a token"
    settings.VAULT_KEYS = [NEW]
    assert unseal(sealed, context=PLACE) == "a token"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(VaultKeyMissing):
        unseal(sealed, context=PLACE)


def test_a_long_secret_is_a_key_too(settings: Any) -> None:
    settings.VAULT_KEYS = ["any forty characters that nobody can guess"]
    sealed = seal("a token", context=PLACE)
    assert key_id(sealed).startswith("vault-")
    assert unseal(sealed, context=PLACE) == "a token"


@pytest.mark.parametrize(
    "entry", ["too brief", "k1:AAAA", "K1:" + "A" * 43 + "=", ":" + "A" * 44, "k1:not base64!"]
)
def test_what_is_no_key_is_refused_without_showing_it(entry: str) -> None:
    with pytest.raises(BadVaultKey, match="Entry 2 of EARSHOT_VAULT_KEYS") as refused:
        parse_key(entry, 2)
    assert entry.rsplit(":", maxsplit=1)[-1] not in str(refused.value)


def test_a_key_is_named_once(settings: Any) -> None:
    settings.VAULT_KEYS = [make_key("k1"), make_key("k1")]
    with pytest.raises(BadVaultKey, match="twice"):
        seal("a token", context=PLACE)


def test_a_command_makes_keys() -> None:
    out = io.StringIO()
    call_command("make_vault_key", "2026-11", stdout=out)
    assert parse_key(out.getvalue().strip(), 1).id == "2026-11"
    with pytest.raises(CommandError, match="small letters"):
        call_command("make_vault_key", "Not An Id")


def test_keys_show_in_no_representation() -> None:
    assert OLD.split(":")[1] not in repr(parse_key(OLD, 1))

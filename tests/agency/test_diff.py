"""The difference between two texts tells both of them."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agency.web.diff import Piece, difference

texts = st.text(alphabet="ab c.\n’ā🎉", max_size=60) | st.text(max_size=40)


@given(texts, texts)
def test_what_stays_and_goes_is_the_old_text_and_what_stays_and_comes_the_new(
    before: str, after: str
) -> None:
    pieces = difference(before, after)
    assert "".join(piece.text for piece in pieces if piece.op != "ins") == before
    assert "".join(piece.text for piece in pieces if piece.op != "del") == after
    assert all(piece.text for piece in pieces)
    assert all(one.op != other.op for one, other in pairwise(pieces))


def test_a_changed_word_is_one_change() -> None:
    assert difference("We open at nine.", "We open at ten.") == [
        Piece("same", "We open at "),
        Piece("del", "nine"),
        Piece("ins", "ten"),
        Piece("same", "."),
    ]


def test_texts_that_are_hard_to_compare_take_no_time() -> None:
    started = time.monotonic()
    for n in (500, 2500):
        difference("a b " * (n // 2) + "c", "b a " * (n // 2) + "d")
        difference(
            "".join("abcdefgh"[i * i % 7] + " " for i in range(n)),
            "".join("abcdefgh"[i * 3 % 8] + " " for i in range(n)),
        )
    assert time.monotonic() - started < 2

"""CSV that no spreadsheet takes for formulas."""

import csv
import io
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.exporting import neutral, write_csv

FORMULA = "=+-@|%"
texts = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "＝1+1",
        "﹦HYPERLINK()",
        " \t=1",
        "\u200b=1",
        "\r\n=1",
        "\u00a0\u2003+1",
        "\ufeff@SUM(1)",
        "-2+3",
        "＠x",
        "\x01=1",
        "\u202e=1",
        "|cmd",
    ],
)
def test_a_formula_is_told_as_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Brightwater", "1+1", "'=1", "naïve = true", "日本", "  plain"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


@given(
    junk=st.text(st.characters(categories=["Z", "Cc", "Cf"])),
    start=st.sampled_from(FORMULA),
    rest=texts,
)
def test_no_junk_hides_a_formula(junk: str, start: str, rest: str) -> None:
    assert neutral(f"{junk}{start}{rest}").startswith("'")


@given(text=texts)
def test_no_cell_begins_a_formula_and_none_loses_anything(text: str) -> None:
    told = neutral(text)
    assert told in {text, f"'{text}"}
    seen = unicodedata.normalize("NFKC", told).lstrip()
    assert not seen.startswith(tuple(FORMULA))


@given(rows=st.lists(st.lists(texts, min_size=2, max_size=2), max_size=5))
def test_what_is_written_can_be_read_again(rows: list[list[str]]) -> None:
    file: Any = io.BytesIO()
    write_csv(file, ["a", "b"], rows)
    read = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))
    assert read[0] == ["a", "b"]
    assert read[1:] == [[neutral(cell) for cell in row] for row in rows]

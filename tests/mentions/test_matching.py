import random
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.matching import Terms, check_terms, compile_queries, fold


def finds(term: str, text: str) -> bool:
    return bool(compile_queries({1: Terms((term,))}).match(text))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("acme", "I love ACME."),
        ("acme", "acme's support"),
        ("acme", "acme’s support"),
        ("acme", "@acme #acme (acme) acme-like"),
        ("Acme", "\uff41\uff43\uff4d\uff45"),
        ("acme", "Acme™ and Acme®"),
        ("Acme Pro", "the Acme® Pro"),
        ("acme", "ac\u00adme ac\u200bme"),
        ("acme support", "Acme\r\n\t  Support"),
        ("acme support", "acme\u00a0support"),
        ("ben & jerry's", "Ben & Jerry’s"),
        ("ben & jerry’s", "BEN & JERRY'S"),
        ("coca-cola", "Coca‑Cola and Coca–Cola"),
        ("@acme", "thanks @Acme!"),
        ("#acme", "#ACME"),
        ("C++", "I write C++, C++11 and (C++)"),
        (".net", "ASP.NET"),
        ("yahoo!", "Yahoo!!"),
        ("7up", "a 7Up"),
        ("straße", "STRASSE"),
        ("σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("istanbul", "İSTANBUL"),
        ("isparta", "ISPARTA ve ısparta"),
        ("nestlé", "Nestle\u0301"),
        ("café", "CAFÉ"),
        ("ソニー", "新しいソニーのカメラ"),
        ("ソニー", "ｿﾆｰ"),
        ("東京電力", "昨日東京電力は"),
        ("sony", "私はSonyが好き"),
        ("삼성전자", "삼성전자가 발표했다"),
        ("แอปเปิล", "ฉันชอบแอปเปิลมาก"),
        ("🍏🍏", "an apple🍏🍏!"),
        ("حليب", "شربت حليب، اليوم"),
        ("नमस्ते", "नमस्ते दुनिया"),
    ],
)
def test_a_term_is_found_where_a_reader_would_find_it(term, text):
    assert finds(term, text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("acme", "acmeology pharmacme acme2 2acme acme_x"),
        ("acme", "acmé acme\u0301"),
        ("acme support", "acmesupport acme, support"),
        ("@acme", "ben@acme.example"),
        ("@acme", "@acmeology"),
        ("#acme", "page#acme"),
        ("c++", "C+ +"),
        ("नमस्त", "नमस्ते"),
        ("حليب", "الحليب"),
        ("sony", "sony2は"),
    ],
)
def test_a_part_of_a_word_is_not_the_word(term, text):
    assert not finds(term, text)


def test_each_query_gets_its_own_terms_in_its_own_order():
    matcher = compile_queries(
        {
            "soap": Terms(("Suds", "acme soap", "ACME")),
            "rockets": Terms(("acme rocket", "rocket"), none=("toy", "Ravel's rocket")),
            "nothing": Terms((), none=("acme",)),
            "blank": Terms(("", " \u200b ")),
        }
    )
    assert matcher.match("Acme  soap: acme suds") == {"soap": ("Suds", "acme soap", "ACME")}
    assert matcher.match("an acme rocket") == {
        "soap": ("ACME",),
        "rockets": ("acme rocket", "rocket"),
    }
    assert matcher.match("an acme rocket, a toy") == {"soap": ("ACME",)}
    assert matcher.match("a toyota rocket") == {"rockets": ("rocket",)}
    assert matcher.match("") == {}
    assert compile_queries({}).match("acme") == {}


def test_one_term_of_many_queries_is_found_for_all_of_them():
    matcher = compile_queries({n: Terms((term,)) for n, term in enumerate(["Acme", "ACME", "ａｃｍｅ"])})
    assert matcher.match("acme") == {0: ("Acme",), 1: ("ACME",), 2: ("ａｃｍｅ",)}


def test_terms_that_overlap_or_hold_one_another_are_all_found():
    matcher = compile_queries({1: Terms(("new york", "york times", "new york times", "york"))})
    assert matcher.match("the New York Times") == {1: ("new york", "york times", "new york times", "york")}


def test_a_find_inside_a_word_does_not_hide_a_later_whole_one():
    assert finds("acme", "acmeology is not acme")


def naive(queries, text):
    """The same rule, said slowly: one regular expression a term, over folded text."""

    def is_word(character):
        return character == "_" or unicodedata.category(character)[0] in "LNM"

    def stands(term):
        folded = fold(term)
        for found in re.finditer(f"(?={re.escape(folded)})", fold(text)) if folded else ():
            before = fold(text)[: found.start()][-1:]
            after = fold(text)[found.start() + len(folded) :][:1]
            left = before and is_word(before) and (is_word(folded[0]) or folded[0] in "@#$")
            right = after and is_word(after) and is_word(folded[-1])
            if not (left or right):
                return True
        return False

    results = {}
    for key, terms in queries.items():
        found = tuple(term for term in terms.any if stands(term))
        if found and not any(map(stands, terms.none)):
            results[key] = found
    return results


_alphabet = st.text(st.sampled_from("abAB é\u0301_1 '’-@+.\n"), max_size=6)
_terms = st.builds(
    Terms, st.lists(_alphabet, max_size=4).map(tuple), st.lists(_alphabet, max_size=2).map(tuple)
)


@given(
    st.dictionaries(st.integers(0, 5), _terms, max_size=4),
    st.lists(_alphabet, max_size=8).map("".join),
)
def test_the_matcher_says_what_the_slow_rule_says(queries, text):
    assert compile_queries(queries).match(text) == naive(queries, text)


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once_for_ordinary_text(text):
    once = fold(unicodedata.normalize("NFKC", text.replace("\u0345", "")))
    assert fold(once) == once


@pytest.mark.parametrize(
    ("terms", "codes"),
    [
        (["acme", "acme support", "C++", "@acme", "東京", "🍏🍏"], []),
        (["", "acme", "  \u200b"], [("empty", 0), ("empty", 2)]),
        (["a", "猫", "é"], [("too_short", 0), ("too_short", 1), ("too_short", 2)]),
        (["x" * 200, "x" * 201], [("too_long", 1)]),
        (["®" * 200 + "acme"], [("too_long", 0)]),
        (["...", "?!", "--"], [("no_word", 0), ("no_word", 1), ("no_word", 2)]),
        (
            ["Acme", "ACME ", "ａｃｍｅ", "acme’s", "Acme's"],
            [("duplicate", 1), ("duplicate", 2), ("duplicate", 4)],
        ),
        ([f"term {n}" for n in range(501)], [("too_many", None)]),
    ],
)
def test_terms_that_can_not_be_saved_are_named(terms, codes):
    problems = check_terms(terms)
    assert [(problem.code, problem.index) for problem in problems] == codes
    assert all(problem.sentence.endswith(".") for problem in problems)


def test_a_problem_names_its_term():
    (problem,) = check_terms(["Acme", "acme"])
    assert problem.sentence == "“acme” is the same as “Acme”."


def test_ten_thousand_phrases_are_matched_fast_enough_for_a_flood_of_posts():
    dice = random.Random(1)  # noqa: S311
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(3, 9))) for _ in range(5_000)]
    queries = {n: Terms((" ".join(dice.choices(words, k=2)),)) for n in range(10_000)}
    posts = [" ".join(dice.choices(words, k=30)) for _ in range(500)]
    matcher = compile_queries(queries)
    started = time.process_time()
    for post in posts:
        matcher.match(post)
    assert len(posts) / (time.process_time() - started) > 2_000

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from agency.text import clean, html_to_text, one_line, safe_link

# Every character that a rule looks at, and ordinary neighbours, so that they meet often.
_TRICKY = (
    "\0\x07\x1b\x7f\x85\x9f\ud83d\ude00\udfff\u202a\u202e\u2066\u2069\u200b\u200c\u200d\u2060\ufeff\u00ad"
    "\u034f\u3164\u2800\ufe0e\ufe0f\ufe00\U000e0101\U000e0020\U000e0067\U000e007f\U0001f3f4\u2028\v\f\r\n\t "
    "\u00a0\u3000\u2000 \u0301\u0316\u0344\u0958\u0f73\u1100\u1161\u11a8क\u094d\u0644\u2329⌨👩👨❤🏽1#漢\ufa10aeé.Å"
)
tricky_text = st.one_of(
    st.text(st.sampled_from(_TRICKY), max_size=40),
    st.text(max_size=60),
    st.text(st.characters(), max_size=60).map(lambda text: text + "\ud800"),
)
_FORBIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\ufffe\uffff]"
)


@given(tricky_text, st.booleans(), st.one_of(st.none(), st.integers(0, 12)))
def test_clean_text_is_storable_and_stays_as_it_is_when_cleaned_again(text, multiline, max_length):
    cleaned = clean(text, multiline=multiline, max_length=max_length)
    assert not _FORBIDDEN.search(cleaned)
    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert multiline or not re.search(r"[\n\t]", cleaned)
    assert max_length is None or len(cleaned) <= max_length
    assert clean(cleaned, multiline=multiline, max_length=max_length) == cleaned


@given(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=30))
def test_letters_digits_and_punctuation_survive(text):
    fillers = re.compile("[\u115f\u1160\u3164\uffa0\u00ad]")
    assert clean(text) == fillers.sub("", unicodedata.normalize("NFC", text)).strip()


@pytest.mark.parametrize(
    "text",
    [
        "family 👨‍👩‍👧‍👦 and ❤️‍🔥, 1️⃣, 👩🏽‍🚒",
        "Scotland 🏴󠁧󠁢󠁳󠁣󠁴󠁿 plays",
        "نمی‌خواهم",
        "ශ්‍රී ලංකා and क्‍ष",
        "two\n\nparagraphs\n\tindented",
        "prix : 5 € !",
        "辻󠄀",
    ],
)
def test_writing_that_needs_invisible_characters_keeps_them(text):
    assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("hostile", "seen"),
    [
        ("ac\u200bme ac\u00adme ac\u2060me", "acme acme acme"),
        ("pay \u202egpj.exe", "pay gpj.exe"),
        ("a\u200d\u200db", "ab"),
        ("👩\u200d\u200d\u200d👩", "👩👩"),
        ("hi" + "".join(chr(0xE0000 + ord(c)) for c in "ignore"), "hi"),
        ("😀" + "\U000e0101" * 40, "😀"),
        ("a" + "\u0316" * 5_000, "a" + "\u0316" * 10),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("  a \t b  \n\n\n\n c ", "a b\n\n c"),
        ("e\u0301", "é"),
        ("half \ud83d", "half"),
    ],
)
def test_what_hides_or_reorders_text_is_gone(hostile, seen):
    assert clean(hostile) == seen


def test_one_line_is_cut_with_an_ellipsis():
    assert one_line("a title\nof two lines", 50) == "a title of two lines"
    assert one_line("a rather long title", 10) == "a rather…"
    assert len(one_line("x" * 99, 20)) == 20


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>lines</p>", "One\n\nTwo\nlines"),
        ("AT&amp;amp;T &lt;b&gt; &euro;5&nbsp;&#8364;", "AT&amp;T <b> €5\u00a0€"),
        ("a<script>if (1 < 2) x('</p>')</script>b<style>p{}</style>c<!-- d -->e", "abce"),
        ("<ul><li>one</li><li>two</ul>", "one\ntwo"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"),
        ("<a title='a > b' href=\"?x=1&y=2\">link</a> 1 < 2 > 0", "link 1 < 2 > 0"),
        ("<pre>a\n  b</pre> c\n d", "a\n b\n\nc d"),
        ("x<svg><title>icon</title><text>no</text></svg>y<template>no</template>z", "xyz"),
        ("good <img class='wp-smiley' alt='🙂'> <img alt='a photo'>", "good 🙂"),
        ("bro<b>ken <i>mark</b>up", "broken markup"),
        ("&#0;&#xD800;&#99999999999;ok", "\ufffd\ufffd\ufffdok"),
        ("plain &lt;script&gt;alert(1)&lt;/script&gt;", "plain <script>alert(1)</script>"),
        ("cut <a href=", "cut"),
    ],
)
def test_html_becomes_what_a_reader_sees(html, text):
    assert html_to_text(html) == text


_markup = st.recursive(
    st.text(st.sampled_from("ab <>&\"'é"), max_size=8).map(
        lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
    ),
    lambda inner: st.tuples(
        st.sampled_from(["b", "i", "span", "div", "em", 'a href="x>y"', "li", "p"]), st.lists(inner)
    ).map(lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0].split()[0]}>"),
    max_leaves=12,
)


@given(_markup)
def test_the_text_of_html_is_the_text_that_a_browser_finds(html):
    def words(text: str) -> str:
        return "".join(text.split())

    assert words(html_to_text(html)) == words(LexborHTMLParser(html).text())


@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 100_000,
        "<div " + " ".join(f"a{n}" for n in range(60_000)),
        "<" * 400_000,
        "<a " * 200_000,
        "<a ='" * 100_000,
        "<!--" * 100_000,
        "<script>" * 50_000,
        "</script" * 50_000,
        "&" * 400_000,
        "&#" + "9" * 400_000,
        "\u0301\u0316" * 200_000,
        "\n " * 200_000,
    ],
    ids=lambda hostile: repr(hostile[:9]),
)
def test_hostile_html_takes_time_in_proportion(hostile):
    started = time.process_time()
    html_to_text(hostile)
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=c#d",
        "http://example.com:8080/",
        "mailto:ana@example.com?subject=Hi",
        "https://bücher.example/ü",
    ],
)
def test_links_for_people_survive(url):
    assert safe_link(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//example.com/x",
        "/relative",
        "https:///path",
        "https://ana:secret@example.com/",
        "https://example.com\\@evil.example/",
        "https://exa mple.com/",
        "https://example.com/\u202egpj.exe",
        "https://example.com/\x00",
        "https://example.com/\ud800",
        "https://[::1",
        "https://example.com:99999/",
        "mailto:ana@example.com?subject=x%0d%0aBcc:all@example.com",
        "mailto:",
        "https://example.com/" + "a" * 3_000,
        "",
    ],
)
def test_other_links_do_not(url):
    assert safe_link(url) is None

"""The one cleaner of text that comes from outside: every entry uses it before anything is stored.

What is left can be stored by PostgreSQL, encoded as UTF-8 and shown without reordering or hiding
its neighbours. Each function takes a time that grows with the length of its input alone.
"""

import re
import unicodedata
from functools import cache
from urllib.parse import SplitResult, urlsplit, urlunsplit

from agency.markup import plain

_NEWLINES = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Characters that show nothing and carry no meaning in running text: controls, half characters,
# overrides of the text's direction, and the zero-width ones that hide a word from a search.
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u202a-\u202e\u2066-\u2069"
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb"
    "\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
_FILLERS = re.compile("[\u2800\u3164\uffa0]")

_PICTOGRAPHS = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u2328\u23cf\u23e9-\u23fa\u24c2\u25aa-\u25fe"
    "\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Scripts whose spelling needs joiners: Arabic, Syriac, N'Ko, Mandaic, those of India, Tibet and
# Burma, Khmer, Mongolian.
_JOINING = "\u0600-\u085f\u08a0-\u109f\u1780-\u18af\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"

_ANY_INVISIBLE = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef]")
# Joiners, variation selectors and flag tags stay where writing needs them, one at a time; anywhere
# else they can only hide or smuggle text. A match with a group is kept, one without is dropped.
_INVISIBLE = re.compile(
    f"(\U0001f3f4[\U000e0020-\U000e007e]{{2,6}}\U000e007f)"
    f"|((?<=[{_JOINING}])[\u200c\u200d])"
    f"|((?<=[{_PICTOGRAPHS}\ufe0f\u20e3])\u200d(?=[{_PICTOGRAPHS}]))"
    f"|((?<=[0-9#*{_PICTOGRAPHS}])[\ufe0e\ufe0f])"
    f"|((?<=[{_IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef])"
    f"|{_ANY_INVISIBLE.pattern}"
)

_BLANKS = " \t\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
_BLANK_RUN = re.compile(f"[{_BLANKS}]{{2,}}")
_BLANK_AT_END_OF_LINE = re.compile(f"[{_BLANKS}]\n")
_EMPTY_LINES = re.compile(r"\n{3,}")
_MARKS_KEPT = 10
_MARKS_BETWEEN = (0x300, 0x1F000)

_NOT_IN_A_LINK = re.compile(
    '[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\\\\<>"]'
)
_LINE_BREAK_IN_MAIL = re.compile("%0[ad]", re.IGNORECASE)
_LONGEST_LINK = 2_000


def clean(text: str, *, max_length: int | None = None, multiline: bool = True) -> str:
    """Text that is safe to store, compare and show, and says the same to a reader.

    Args:
        max_length: in characters; what is beyond is cut off.
        multiline: keep line breaks and tabs; otherwise they become blanks.
    """
    text = _JUNK.sub("", _NEWLINES.sub("\n", text))
    if not text.isascii():
        text = _settle(_FILLERS.sub(" ", text))
    text = _collapse(text, multiline)
    if max_length is not None and len(text) > max_length:
        # The cut may leave half of a joined emoji or a blank at the end.
        text = _collapse(_visible(text[:max_length]), multiline)
    return text


def one_line(text: str, max_length: int) -> str:
    """A title or a header value: at most `max_length` characters, with an ellipsis where cut."""
    line = clean(text, multiline=False)
    if len(line) <= max_length:
        return line
    return clean(line[: max_length - 1], multiline=False) + "…"


def html_to_text(html: str) -> str:
    """What a reader of the HTML sees, clean: blocks on lines of their own, without scripts."""
    return clean(plain(html))


def safe_link(url: str) -> str | None:
    """The link if a person may be given it to click, else None.

    Only http, https and mailto survive, without user names and passwords, without controls and
    characters that show nothing.
    """
    url = url.strip(" \t\r\n")
    if not url or len(url) > _LONGEST_LINK or _NOT_IN_A_LINK.search(url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (reading it is the check)
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if not (_is_mail(parts) if scheme == "mailto" else _is_web(parts)):
        return None
    return urlunsplit(parts._replace(scheme=scheme))


def _is_mail(parts: SplitResult) -> bool:
    breaks_a_line = _LINE_BREAK_IN_MAIL.search(parts.path + parts.query)
    return "@" in parts.path and not parts.netloc and not breaks_a_line


def _is_web(parts: SplitResult) -> bool:
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


def _settle(text: str) -> str:
    """Drop needless invisibles and compose until neither changes anything, as each can take away the
    other's grounds. A text that has not settled by then was made for that, and loses all of them."""
    for _ in range(4):
        before, text = text, _compose(_visible(text))
        if text == before:
            return text
    return _compose(_ANY_INVISIBLE.sub("", text))


def _visible(text: str) -> str:
    return _INVISIBLE.sub(lambda found: found[0] if found.lastindex else "", text)


def _compose(text: str) -> str:
    """NFC. Long runs of combining marks are cut before and after it: they take it quadratic time to
    sort, and no spelling stacks so many."""
    text = unicodedata.normalize("NFC", _long_runs_of_marks().sub(r"\1", text))
    return _long_runs_of_marks().sub(r"\1", text)


@cache
def _long_runs_of_marks() -> re.Pattern[str]:
    characters = map(chr, range(*_MARKS_BETWEEN))
    marks = "".join(character for character in characters if unicodedata.combining(character))
    return re.compile(f"([{marks}]{{{_MARKS_KEPT}}})[{marks}]+")


def _collapse(text: str, multiline: bool) -> str:
    if not multiline:
        text = text.replace("\n", " ").replace("\t", " ")
    text = _BLANK_RUN.sub(" ", text)
    text = _EMPTY_LINES.sub("\n\n", _BLANK_AT_END_OF_LINE.sub("\n", text))
    return text.strip(_BLANKS + "\n")

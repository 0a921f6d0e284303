"""HTML taken apart in one pass, for reading only.

An HTML5 tree builder walks its open elements at every start tag and its attributes at every
attribute, so that half a megabyte of `<div>` keeps one busy for half a minute. Text for matching
needs no tree: these tokens are found in a time that grows with the length alone.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
      <!--.*?(?:-->|\Z)
    | <[!?][^>]*(?:>|\Z)
    | <(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*)
      (?P<rest>(?:=\s*+"[^"]*"|=\s*+'[^']*'|[^>])*+)(?:>|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]++)\s*+(?:=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]++)))?""")
_LONG_REFERENCE = re.compile(r"&#(?:0*[0-9]{8,}|[xX]0*[0-9a-fA-F]{7,});?")
_BLANKS = re.compile(r"[ \t\r\n\f]+")

# Their content is not markup: it ends at the first end tag of the same name and nowhere else.
_RAW = frozenset(["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"])
_HIDDEN = frozenset(["audio", "canvas", "math", "noscript", "object", "select", "svg", "template", "video"])
_PARAGRAPHS = frozenset(
    [
        "article",
        "aside",
        "blockquote",
        "dl",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
    ]
)
_LINES = frozenset(
    [
        "address",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dt",
        "figcaption",
        "legend",
        "li",
        "summary",
        "tr",
    ]
)
_CELLS = frozenset({"td", "th"})
_EMOJI_CLASSES = ("emoji", "smiley")


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag; `name` is lower case."""

    name: str
    end: bool = False
    rest: str = field(default="", repr=False)

    def attributes(self) -> dict[str, str]:
        """Lower-case names to decoded values; of two alike the first counts, as in a browser."""
        found: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(self.rest):
            found.setdefault(name.lower(), unescape("".join(values)))
        return found


def unescape(text: str) -> str:
    """Decode character references once; one beyond any character becomes U+FFFD."""
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def tokens(markup: str) -> Iterator[Tag | str]:
    """The tags and the decoded text between them, in order, no scripts and comments."""
    at = 0
    while match := _TOKEN.search(markup, at):
        if match.start() > at:
            yield unescape(markup[at : match.start()])
        at = match.end()
        if name := match["name"]:
            tag = Tag(name.lower(), bool(match["end"]), match["rest"])
            yield tag
            if tag.name in _RAW and not tag.end:
                at = _end_of_raw(markup, tag.name, at)
    if at < len(markup):
        yield unescape(markup[at:])


def _end_of_raw(markup: str, name: str, at: int) -> int:
    closing = re.compile(f"</{name}", re.IGNORECASE).search(markup, at)
    return closing.start() if closing else len(markup)


def plain(markup: str) -> str:
    """The text that a reader would see: blocks on lines of their own, runs of blanks as one."""
    writer = _Writer()
    for token in tokens(markup):
        if isinstance(token, str):
            writer.text(token)
        else:
            writer.tag(token)
    return "".join(writer.parts)


class _Writer:
    """Collects what is seen; knows whether we are inside something hidden or preformatted."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._lines_due = 0
        self._at_line_start = True
        self._hidden = ""
        self._depth = 0
        self._preformatted = 0

    def text(self, text: str) -> None:
        if self._depth:
            return
        if not self._preformatted:
            text = _BLANKS.sub(" ", text)
            if self._lines_due or self._at_line_start:
                text = text.removeprefix(" ")
        if text:
            self.parts.append("\n" * self._lines_due + text)
            self._lines_due, self._at_line_start = 0, False

    def tag(self, tag: Tag) -> None:
        if self._depth:
            self._count(tag)
        elif tag.name in _HIDDEN:
            self._hide(tag)
        else:
            self._layout(tag)

    def _count(self, tag: Tag) -> None:
        if tag.name == self._hidden and not tag.rest.endswith("/"):
            self._depth += -1 if tag.end else 1

    def _hide(self, tag: Tag) -> None:
        if not tag.end and not tag.rest.endswith("/"):
            self._hidden, self._depth = tag.name, 1

    def _layout(self, tag: Tag) -> None:
        if tag.name in _PARAGRAPHS:
            self._lines_due = 2
        elif tag.name in _LINES:
            self._lines_due = max(self._lines_due, 1)
        elif tag.name == "br":
            self.parts.append("\n" * (self._lines_due + 1))
            self._lines_due, self._at_line_start = 0, True
        elif tag.name in _CELLS:
            self.text(" ")
        elif tag.name == "img":
            self.text(_emoji(tag))
        if tag.name == "pre":
            self._preformatted = max(0, self._preformatted + (-1 if tag.end else 1))


def _emoji(image: Tag) -> str:
    """Blogs and forums send emoji as images: the character is in the alternative text."""
    attributes = image.attributes()
    if any(word in attributes.get("class", "").lower() for word in _EMOJI_CLASSES):
        return attributes.get("alt", "")[:16]
    return ""

"""What an answer is, before a parser sees it: its encoding, its kind, and where the feed begins."""

import codecs
import re
from enum import Enum
from urllib.parse import urljoin

from agency.markup import Tag, tokens
from agency.text import safe_link
from mentions.feeds.entries import FeedError


class Kind(Enum):
    XML = "xml"
    JSON = "json"


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WITHOUT_BOM = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{2,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{2,40})""", re.IGNORECASE)
# Python knows codecs that are no encodings of text, and one (UTF-7) that hides markup.
_ENCODINGS = re.compile(r"(?!utf-7)(utf-|iso|cp\d|koi8|gb|big5|euc|shift|mac|tis|ascii)", re.IGNORECASE)

_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ASIDE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"""<!DOCTYPE(?P<name>\s+[^\s>\[]*)?(?:[^\[>"']|"[^"]*"|'[^']*')*+""", re.IGNORECASE)
_SUBSET_END = re.compile(r"\]\s*>")
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_FEED_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:rss|rdf|feed)[\s/>]", re.IGNORECASE | re.ASCII)
_FEED_ROOTS = frozenset({"rss", "rdf", "feed"})
_HTML_ROOTS = frozenset({"html", "head", "body", "meta", "link", "title"})
_JUNK_BEFORE = 65_536
_ALTERNATES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/json",
        "application/rdf+xml",
    }
)


def decode(body: bytes, content_type: str) -> str:
    """The text of an answer, without what XML can't hold.

    UTF-8 is tried before what the server declares, for it is wrong about it more often than bytes
    are UTF-8 by accident.
    """
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return _text(body.removeprefix(codecs.BOM_UTF8), encoding)
    for opening, encoding in _WITHOUT_BOM:
        if body.startswith(opening):
            return _text(body, encoding)
    declared = _declared(body, content_type)
    if declared.startswith("iso2022"):  # seven bits with escapes: valid UTF-8, but not meant so
        return _text(body, declared)
    try:
        return _NOT_XML.sub("", body.decode("utf-8"))
    except UnicodeDecodeError:
        return _text(body, declared)


def _text(body: bytes, encoding: str) -> str:
    return _NOT_XML.sub("", body.decode(encoding, "replace"))


def _declared(body: bytes, content_type: str) -> str:
    names = []
    if header := _CHARSET.search(content_type):
        names.append(header[1])
    if declaration := _DECLARED.match(body):
        names.append(declaration[1].decode("ascii"))
    for name in names:
        try:
            encoding = codecs.lookup(name).name
        except LookupError:
            continue
        if _ENCODINGS.match(encoding) and encoding not in {"utf-8", "ascii", "iso8859-1"}:
            return encoding
    return "cp1252"  # what everybody means by latin-1, and by nothing


def find_feed(text: str, *, base_url: str) -> tuple[Kind, str]:
    """The feed without what comes before it: declarations, doctype, comments, a script's warnings.

    A parser never sees a doctype, so that it has no entities to expand and nothing to fetch.

    Raises:
        FeedError: empty, not a feed, or with a doctype that declares entities.
    """
    text = text.lstrip("\ufeff \t\r\n")
    if not text:
        raise FeedError("empty", "The address answers with an empty page.")
    if text.startswith("{"):
        return Kind.JSON, text
    start, is_html = _skip_prolog(text)
    root = _ROOT.match(text, start)
    name = root[1].lower() if root else ""
    if name in _FEED_ROOTS:
        return Kind.XML, text[start:]
    is_html = is_html or name in _HTML_ROOTS
    if not is_html and (later := _FEED_ROOT.search(text, start, start + _JUNK_BEFORE)):
        return Kind.XML, text[later.start() :]
    raise _not_a_feed(text, name, is_html, base_url)


def _skip_prolog(text: str) -> tuple[int, bool]:
    """Where the first element begins, and whether the doctype says HTML."""
    at, is_html = 0, False
    while True:
        if aside := _ASIDE.match(text, at):
            at = aside.end()
        elif doctype := _DOCTYPE.match(text, at):
            at = _skip_doctype(text, doctype)
            is_html = is_html or (doctype["name"] or "").strip().lower() == "html"
        else:
            return at, is_html


def _skip_doctype(text: str, doctype: re.Match[str]) -> int:
    at = doctype.end()
    if not text.startswith("[", at):
        return at + 1
    end = _SUBSET_END.search(text, at)
    if end is None:
        raise FeedError("malformed", "The feed breaks off before it begins.")
    if "<!entity" in text[at : end.start()].lower():
        raise FeedError("entities", "The feed defines entities of its own, which Earshot refuses to expand.")
    return end.end()


def _not_a_feed(text: str, root: str, is_html: bool, base_url: str) -> FeedError:
    suggestion = _alternate(text, base_url)
    if suggestion:
        sentence = f"That is a web page, not a feed. The page names this feed: {suggestion}"
        return FeedError("not_a_feed", sentence, suggestion=suggestion)
    if is_html:
        return FeedError("not_a_feed", "That is a web page, not a feed, and it names no feed.")
    if root:
        return FeedError("not_a_feed", f"That is not a feed, but something with <{root[:40]}>.")
    return FeedError("not_a_feed", "That is not a feed in any format that Earshot reads.")


def _alternate(text: str, base_url: str) -> str:
    """The first feed that a page's head names."""
    for token in tokens(text):
        if not isinstance(token, Tag) or token.end:
            continue
        if token.name == "base" and (href := token.attributes().get("href")):
            base_url = _join(base_url, href) or base_url
        elif token.name == "link" and (link := _feed_link(token)):
            return _join(base_url, link)
    return ""


def _feed_link(tag: Tag) -> str:
    attributes = tag.attributes()
    names_a_feed = attributes.get("type", "").strip().lower() in _ALTERNATES
    is_alternate = "alternate" in attributes.get("rel", "").lower().split()
    return attributes.get("href", "").strip() if names_a_feed and is_alternate else ""


def _join(base_url: str, href: str) -> str:
    try:
        return safe_link(urljoin(base_url, href)) or ""
    except ValueError:
        return ""

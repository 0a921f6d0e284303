"""Where the pages themselves hold ids: fields of forms, and filters of addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from selectolax.lexbor import LexborHTMLParser

from tests.pages import fields

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Field:
    """A field that holds an id: hidden, chosen from a list, or in the query of an address.

    Attributes:
        held: the ids that the page offers there.
        rest: what else a browser would send.
    """

    action: str
    method: str
    name: str
    held: frozenset[str]
    rest: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{self.method} {self.action} {self.name}"


def forms_of(path: str, page: bytes) -> Iterator[Field]:
    tree = LexborHTMLParser(page.decode())
    for form in tree.css("form"):
        method = (form.attributes.get("method") or "get").upper()
        action = urlsplit(form.attributes.get("action") or path).path or path
        rest = {name: value for name, value in fields(form).items() if name != "csrfmiddlewaretoken"}
        offered: dict[str, set[str]] = {}
        for node in form.css("input, option"):
            holder: Any = node if node.tag == "input" else _select(node)
            name, value = holder.attributes.get("name"), node.attributes.get("value") or ""
            if name and _UUID.fullmatch(value):
                offered.setdefault(name, set()).add(value)
        for name, held in offered.items():
            yield Field(action, method, name, frozenset(held), rest)
    for link in tree.css("a[href]"):
        address = urlsplit(link.attributes["href"] or "")
        for name, value in parse_qsl(address.query):
            if _UUID.fullmatch(value) and not address.netloc:
                yield Field(address.path or path, "GET", name, frozenset({value}), {})


def _select(option: Any) -> Any:
    node = option.parent
    while node.tag != "select":
        node = node.parent
    return node

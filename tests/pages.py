"""A page as a person uses it: what it says, and its forms sent with what they hold."""

from typing import Any

from django.test import Client as Browser
from selectolax.lexbor import LexborHTMLParser, LexborNode


def tree(response: Any) -> LexborHTMLParser:
    return LexborHTMLParser(response.content.decode())


def words(response: Any, selector: str = "main") -> str:
    """What is written there, in one line."""
    return " ".join(" ".join(node.text(separator=" ") for node in tree(response).css(selector)).split())


def find_form(response: Any, *, action: str = "", button: str = "") -> LexborNode:
    """The one form with this in its action, or with a button that says this."""
    forms = [form for form in tree(response).css("form") if action in (form.attributes.get("action") or "")]
    if button:
        forms = [
            form
            for form in forms
            if any(button in " ".join(b.text(separator=" ").split()) for b in form.css("button"))
        ]
    assert len(forms) == 1, f"{len(forms)} forms with action {action!r} and button {button!r}"
    return forms[0]


def fields(form: LexborNode) -> dict[str, Any]:
    """What a browser would send of it, untouched."""
    held: dict[str, Any] = {}
    for node in form.css("input"):
        name, kind = node.attributes.get("name"), node.attributes.get("type")
        if not name or (kind in {"radio", "checkbox"} and "checked" not in node.attributes):
            continue
        value = node.attributes.get("value") or ""
        held[name] = [*held.get(name, []), value] if kind == "checkbox" else value
    for node in form.css("textarea"):
        held[node.attributes["name"] or ""] = node.text().removeprefix("\n")
    for node in form.css("select"):
        options = node.css("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        held[node.attributes["name"] or ""] = (chosen[0].attributes.get("value") or "") if chosen else ""
    return held


def submit(browser: Browser, response: Any, *, action: str = "", button: str = "", **typed: Any) -> Any:
    """Send a form of the page with what it holds, and what is typed over it."""
    form = find_form(response, action=action, button=button)
    held = {name: value for name, value in fields(form).items() if name != "csrfmiddlewaretoken"}
    address = form.attributes.get("action") or response.wsgi_request.get_full_path()
    answer: Any = browser.post(address, {**held, **typed})
    return answer


def follow(browser: Browser, response: Any) -> Any:
    """The page that a 303 leads to."""
    assert response.status_code == 303, (response.status_code, response.content[:2000])
    return browser.get(response["Location"])

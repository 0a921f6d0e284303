"""Somebody who uses Earshot over HTTP, as a browser does or as a program does."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

import httpx


class DemoFailed(Exception):
    """A step didn't do what it should; the message says which and what came instead."""


@dataclass
class Browser:
    """Pages: keeps cookies, sends forms with their hidden fields."""

    base_url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.base_url, follow_redirects=True, timeout=20, trust_env=False)

    def open(self, path: str) -> str:
        answer = self.http.get(path)
        return self._page(answer)

    def send(self, at: str, page: str, action: str | None = None, **fields: Any) -> str:
        """Send the form of `page` (the one whose action ends in `action`, if named) with these fields.

        Args:
            at: where the page was, for a form that names no address of its own.
        """
        form = _form(page, action)
        named = re.search(r'<form\b[^>]*\baction="([^"]+)"', form)
        answer = self.http.post(
            html.unescape(named[1]) if named else at,
            data={**_hidden(form), **fields},
            headers={"Referer": f"{self.base_url}{at}"},
        )
        return self._page(answer)

    def sign_in(self, email: str, password: str) -> str:
        page = self.open("/accounts/login/")
        landed = self.send("/accounts/login/", page, login=email, password=password)
        if "account/login" in landed or 'name="password"' in landed:
            raise DemoFailed(f"{email} couldn't sign in.")
        return landed

    def _page(self, answer: httpx.Response) -> str:
        if answer.status_code >= 400:
            raise DemoFailed(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
        return answer.text


def _form(page: str, action: str | None) -> str:
    forms = re.findall(r"<form\b[^>]*>.*?</form>", page, re.S)
    for form in forms:
        if action is None or re.search(rf'action="[^"]*{re.escape(action)}"', form):
            return str(form)
    raise DemoFailed(f"The page has no form “{action}”.")


def _hidden(form: str) -> dict[str, str]:
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        if 'type="hidden"' in tag:
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name:
                found[name[1]] = value[1] if value else ""
    return found


@dataclass
class Program:
    """The API, with a key."""

    base_url: str
    token: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=f"{self.base_url}/api/v1",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=20,
            trust_env=False,
        )

    def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        """The answer's JSON.

        Raises:
            DemoFailed: another status than a good one, or than `expect`.
        """
        answer = self.http.request(method, path, json=body)
        good = answer.status_code == expect if expect else answer.is_success
        if not good:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None
